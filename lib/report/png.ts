/** Pictures as 8-bit greyscale PNG files. */
import { encode } from "fast-png";
import type { Picture } from "./slice.ts";

/** Values drawn black and white; what lies outside is clipped. */
export type GreyWindow = readonly [low: number, high: number];

/**
 * Encodes a picture as an 8-bit greyscale PNG.
 *
 * A value v becomes round(255 · (v − low) / (high − low)), clipped to 0…255; what is not a number becomes black.
 *
 * @throws {RangeError} when the window is empty
 */
export function encodeGreyPng(picture: Picture, window: GreyWindow = [0, 1]): Uint8Array {
  const [low, high] = window;
  if (!(high > low)) {
    throw new RangeError(`Cannot encode PNG: expected a window with low < high, got [${low}, ${high}]`);
  }
  // A clamped array rounds, clips and turns NaN into 0.
  const data = Uint8ClampedArray.from(picture.pixels, (value) => (255 * (value - low)) / (high - low));
  return encode({ width: picture.width, height: picture.height, data, channels: 1, depth: 8 });
}

/** A PNG as the address that an `img` of a self-contained page can carry. */
export function pngDataUri(png: Uint8Array): string {
  let binary = "";
  for (const byte of png) binary += String.fromCharCode(byte);
  return `data:image/png;base64,${btoa(binary)}`;
}
