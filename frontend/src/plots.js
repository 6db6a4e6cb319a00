// Plots, for the pages that show one; its style sheet is built beside it as plots.css.

import "uplot/dist/uPlot.min.css";

export { default as uPlot } from "uplot";
