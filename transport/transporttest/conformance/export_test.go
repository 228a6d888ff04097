package conformance

// PromiseNames returns the name of every promise, so that the tests can check that each has a defect that breaks it.
func PromiseNames() (names []string) {
	for _, chapter := range chapters {
		for _, p := range chapter {
			names = append(names, p.name)
		}
	}
	return names
}
