/** The report of a pre-training run: one self-contained HTML page, its figures and tables, and PNG montages of scans. */
export {
  ABLATION_VARIANTS,
  type AblationDifference,
  type AblationRow,
  type AblationScore,
  type AblationStatistics,
  summarizeAblation,
  VARIANT_TITLES,
} from "./ablation.ts";
export { ABLATION_CELL } from "./ablation_cell.ts";
export { ablationChart } from "./ablation_chart.ts";
export { formatAblationPairs, formatAblationTable, scoreTitle } from "./ablation_table.ts";
export { type Chart, type LegendEntry, lossChart, psnrChart, templateChangeChart } from "./curves.ts";
export { plural } from "./format.ts";
export { exampleFigure, type FigureCell, type ImageTable, templateMontage, WHITE_ERROR } from "./figures.ts";
export { SliceTable } from "./_images.tsx";
export { enlarge, type Interpolation, type MontageOptions, montagePng } from "./montage.ts";
export { renderReport } from "./page.tsx";
export { encodeGreyPng, type GreyWindow, pngDataUri } from "./png.ts";
export { type Contest, judge, type MeanScore, meanScore, type Objective, type Verdict, type Winner } from "./scores.ts";
export {
  type Convention,
  evenSlices,
  type Picture,
  type Plane,
  richestSlice,
  type ScalarImage,
  type SliceOptions,
  takeSlice,
} from "./slice.ts";
export { type Panel, standaloneSvg } from "./standalone.ts";
export {
  labelEfficiencyChart,
  type LabelEfficiencyLine,
  missingModalityChart,
  type MissingModalityGroup,
  type ScoreEstimate,
  type StudyChartOptions,
} from "./study.ts";
export { formatPairTable, formatTable } from "./tables.ts";
