/** Learnable templates of the modalities. */
export { TEMPLATE_GRADIENTS, templateDistance, Templates } from "./templates.ts";
export type { TemplateGradient, TemplateOptions, TemplatePlace } from "./templates.ts";
