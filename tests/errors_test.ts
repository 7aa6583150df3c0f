import assert from "node:assert/strict";
import {
  BackendUnavailableError,
  CheckpointError,
  ConfigError,
  DatalistError,
  formatShape,
  messageOf,
  VolumeError,
} from "../lib/errors.ts";

Deno.test("VolumeError names its file in the message and as a property, and keeps the cause", () => {
  const cause = new RangeError("short");
  const error = new VolumeError("a/scan.nii", "expected 3 dimensions, got 2", { cause });
  assert.equal(error.message, "Cannot read a/scan.nii: expected 3 dimensions, got 2");
  assert.equal(error.file, "a/scan.nii");
  assert.equal(error.cause, cause);
});

Deno.test("each error class is an Error with its own name", () => {
  for (const errorClass of [DatalistError, ConfigError, CheckpointError, BackendUnavailableError]) {
    const error = new errorClass("Cannot go on");
    assert(error instanceof Error);
    assert.equal(`${error}`, `${errorClass.name}: Cannot go on`);
  }
  assert.equal(new VolumeError("x", "y").name, "VolumeError");
});

Deno.test("formatShape() writes a shape in brackets, a scalar's too", () => {
  assert.equal(formatShape([2, 96, 1]), "[2, 96, 1]");
  assert.equal(formatShape([]), "[]");
});

Deno.test("messageOf() gives the message of errors and the text of anything else", () => {
  assert.equal(messageOf(new TypeError("no")), "no");
  assert.equal(messageOf("plain"), "plain");
  assert.equal(messageOf(null), "null");
});
