// Package archtest has the test that reads the imports of all packages and fails on an import that the layout of the
// module does not allow. The table in imports_test.go is the layout.
package archtest
