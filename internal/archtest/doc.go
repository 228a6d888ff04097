// Package archtest has the test that reads the imports of all packages and fails on an arrow that the layout of the
// module does not have. The table in imports_test.go is the layout.
package archtest
