package main

import (
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// manCommand is "seatbeatd man". It is hidden: seatbeatd.8 is its output.
type manCommand struct{}

// Run prints the manual page.
func (manCommand) Run(command *kong.Context, s streams) error {
	_, err := io.WriteString(s.out, manualPage(command.Model))
	return err
}

// manualPage returns the manual page, in the man(7) language of roff. All its texts are those of the help.
func manualPage(app *kong.Application) string {
	var p roff
	p.macro(".TH SEATBEATD 8 \"\" seatbeat")
	p.macro(".SH NAME")
	p.macro(`seatbeatd \- floating\-licence server`)
	p.macro(".SH SYNOPSIS")
	p.macro(`.B seatbeatd`)
	p.macro(`.I command`)
	p.macro(`.RI [ flags ]`)
	p.macro(".SH DESCRIPTION")
	p.text(app.Help)
	p.macro(".SH FLAGS OF ALL COMMANDS")
	p.flags(app.Node)
	p.macro(".SH COMMANDS")
	for _, command := range app.Leaves(true) {
		p.macro(".SS " + escape(app.Name+" "+command.Summary()))
		p.text(command.Help)
		p.text(command.Detail)
		p.arguments(command)
		p.flags(command)
	}
	p.macro(".SH SEE ALSO")
	p.text("https://github.com/seatbeat/seatbeat/blob/main/docs/operating.md")
	return p.String()
}

// roff builds a manual page.
type roff struct {
	strings.Builder
	headed bool // the last line is a heading, after which a paragraph needs no macro
}

// macro writes a line of roff as it is.
func (p *roff) macro(line string) {
	p.WriteString(line + "\n")
	p.headed = strings.HasPrefix(line, ".S")
}

// text writes paragraphs. Paragraphs that are indented by four spaces are examples.
func (p *roff) text(text string) {
	if text == "" {
		return
	}
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		example, isExample := strings.CutPrefix(paragraph, "    ")
		if !p.headed {
			p.macro(".PP")
		}
		if !isExample {
			p.sentences(paragraph)
			continue
		}
		p.macro(".EX")
		for line := range strings.SplitSeq("    "+example, "\n") {
			p.macro(escape(line))
		}
		p.macro(".EE")
	}
}

// sentences writes each sentence on a line of its own, as roff wants it, and breaks long lines.
func (p *roff) sentences(text string) {
	const width = 78
	line := ""
	for word := range strings.FieldsSeq(text) {
		if word = escape(word); line != "" && len(line)+1+len(word) > width {
			p.macro(line)
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
		if strings.HasSuffix(word, ".") {
			p.macro(line)
			line = ""
		}
	}
	if line != "" {
		p.macro(line)
	}
}

// arguments writes the positional arguments of a command.
func (p *roff) arguments(command *kong.Node) {
	for _, argument := range command.Positional {
		p.macro(".TP")
		p.macro(`\fI` + escape(argument.Summary()) + `\fR`)
		p.sentences(helpWithDefault(argument))
	}
}

// flags writes the flags of a command, without those of all commands.
func (p *roff) flags(command *kong.Node) {
	for _, flag := range command.Flags {
		p.macro(".TP")
		name, placeholder, hasValue := strings.Cut(flag.Summary(), "=")
		summary := `\fB` + escape(name) + `\fR`
		if flag.Short != 0 {
			summary = `\fB\-` + string(flag.Short) + `\fR, ` + summary
		}
		if hasValue {
			summary += `=\fI` + escape(placeholder) + `\fR`
		}
		p.macro(summary)
		p.sentences(helpWithDefault(flag.Value))
	}
}

// escape returns a text that roff shows as it is.
func escape(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, `"`, `\(dq`, "`", "\\`").Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		return `\&` + text
	}
	return text
}
