/** What a downstream task is: inputs, outputs, and how label values are read. */
import { z } from "zod";
import { MODALITIES } from "../../lib/dataset/mod.ts";

const labelValue = z.int().min(1).max(255);
const name = z.string().min(1);
const modalities = z.array(z.enum(MODALITIES)).min(1).describe("input channels, in this order");

const region = z.strictObject({
  name: name.describe("name of the output channel"),
  labels: z.array(labelValue).min(1).describe("label values of its voxels"),
});

/** Another way in which files of the same task number their labels. */
const labelSet = z.strictObject({
  name: name.describe("what the option labelSet calls it"),
  rename: z.record(z.string().regex(/^[1-9]\d{0,2}$/), z.int().min(0).max(255))
    .describe("value in the file: value of the task; 0 is background"),
});

const segmentationSchema = z.strictObject({
  kind: z.literal("segmentation"),
  name,
  title: name.describe("one line for people"),
  modalities,
  regions: z.array(region).min(1).describe("output channels, in this order"),
  output: z.enum(["sigmoid", "softmax"]).default("sigmoid")
    .describe("sigmoid: regions may overlap; softmax: they exclude one another, and channel 0 is background"),
  otherLabels: z.array(labelValue).default([]).describe("further label values that files may hold; in no region"),
  labelSetName: name.default("own").describe("what the option labelSet calls the task's own label values"),
  labelSets: z.array(labelSet).default([]).describe("other label conventions that files of the task may follow"),
}).superRefine((task, context) => {
  const problem = (path: string, message: string): void => {
    context.addIssue({ code: "custom", path: [path], message });
  };
  const values = task.regions.flatMap(({ labels }) => labels);
  if (new Set(task.regions.map((each) => each.name)).size < task.regions.length) problem("regions", "names once each");
  if (task.output === "softmax" && new Set(values).size < values.length) {
    problem("regions", "no label value in two regions, as softmax has one class per voxel");
  }
  const sets = [task.labelSetName, ...task.labelSets.map((set) => set.name)];
  if (new Set(sets).size < sets.length) problem("labelSets", "names once each");
  const known = [0, ...values, ...task.otherLabels];
  for (const { rename } of task.labelSets) {
    const strange = Object.values(rename).find((value) => !known.includes(value));
    if (strange !== undefined) problem("labelSets", `only values of the task (${known.join(", ")}) to rename to`);
  }
});

const classificationSchema = z.strictObject({
  kind: z.literal("classification"),
  name,
  title: name.describe("one line for people"),
  modalities,
  classes: z.array(name).min(2).describe("names of the classes, in the order of the outputs"),
}).superRefine(({ classes }, context) => {
  const distinct = new Set(classes.map((each) => each.toLowerCase()));
  if (distinct.size < classes.length) {
    context.addIssue({ code: "custom", path: ["classes"], message: "names that differ in more than case" });
  }
});

/** A whole task. */
export const taskSchema = z.discriminatedUnion("kind", [segmentationSchema, classificationSchema]);

/** A task as it is written. */
export type TaskInput = z.input<typeof taskSchema>;
/** A task with every field. */
export type Task = z.output<typeof taskSchema>;
/** Regions of a volume, voxel by voxel. */
export type SegmentationTask = z.output<typeof segmentationSchema>;
/** One class per subject. */
export type ClassificationTask = z.output<typeof classificationSchema>;
