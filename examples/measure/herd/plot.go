package main

import (
	"errors"
	"fmt"
	"image/color"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

const (
	width  = 18 * vg.Centimeter
	height = 5 * vg.Centimeter // of each plot
)

// draw writes a picture of both counts, one above the other.
func draw(c counts, file string) error {
	lost, err := bars(fmt.Sprintf("%d clients get their server back: calls per second", c.Clients), "seconds since it is back", c.Lost)
	if err != nil {
		return err
	}
	start, err := bars(fmt.Sprintf("%d clients start at once: heartbeats per second", c.Clients), "seconds since the start", c.Start)
	if err != nil {
		return err
	}
	canvas := vgsvg.New(width, 2*height)
	whole := vgdraw.New(canvas)
	lost.Draw(vgdraw.Crop(whole, 0, 0, height, 0))
	start.Draw(vgdraw.Crop(whole, 0, 0, 0, -height))
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = canvas.WriteTo(f)
	return errors.Join(err, f.Close())
}

// bars returns one plot: the counts as a step line, which is smaller in SVG than bars, and their mean.
func bars(title, axis string, counts []int) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text = title, axis
	p.Y.Min = 0
	points := make(plotter.XYs, len(counts))
	sum := 0
	for i, n := range counts {
		points[i] = plotter.XY{X: float64(i), Y: float64(n)}
		sum += n
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return nil, err
	}
	line.StepStyle = plotter.MidStep
	line.Color = color.RGBA{R: 0x1f, G: 0x77, B: 0xb4, A: 0xff}
	average := float64(sum) / float64(len(counts))
	mean := plotter.NewFunction(func(float64) float64 { return average })
	mean.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
	p.Add(line, mean)
	p.Legend.Add("mean", mean)
	p.Legend.Top = true
	return p, nil
}
