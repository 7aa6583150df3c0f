// What the gradients read besides qkv, and what they write.

@group(0) @binding(3) var<storage, read> statistics: array<f32>;
@group(0) @binding(4) var<storage, read> centres: array<f32>;
@group(0) @binding(5) var<storage, read_write> output: array<Stored>;
