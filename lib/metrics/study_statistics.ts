/** The statistics that studies report, the same for tasks, notebooks and pages: equal scores give equal tables. */
import { comparePaired, holm, type PairedComparison } from "./comparison.ts";
import { type ScoreSummary, summarizeScores } from "./summary.ts";

/** How studies draw their bootstrap. */
const BOOTSTRAP = { seed: 0 };

/** Means with 95 % bootstrap intervals, paired differences with Wilcoxon tests, and Holm's correction; seed 0. */
export const STUDY_STATISTICS = {
  summarize: (values: readonly number[]): ScoreSummary => summarizeScores(values, BOOTSTRAP),
  compare: (first: readonly number[], second: readonly number[]): PairedComparison =>
    comparePaired(first, second, BOOTSTRAP),
  correct: (pValues: readonly number[]): number[] => holm(pValues),
};
