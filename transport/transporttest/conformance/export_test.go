package conformance

// EachPromise calls do with the chapter and the name of every promise.
func EachPromise(do func(chapter, promise string)) {
	for _, c := range chapters {
		for _, p := range c.promises {
			do(c.name, p.name)
		}
	}
}
