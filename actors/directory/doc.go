// Package directory is the machine of the runtime's own actor, at the top of the tree. It knows which connection serves
// which address and which server, joins connections that turn out to lead to one server, collects features that exit
// together, watches the clocks, and says when everything is returned.
package directory
