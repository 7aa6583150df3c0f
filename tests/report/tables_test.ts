import assert from "node:assert/strict";
import { formatPairTable, formatTable } from "../../lib/report/mod.ts";
import { PAIRS } from "./_fixtures.ts";

Deno.test("formatPairTable() sorts pairs, adds means, sets templates apart and names the best of each row", () => {
  assert.equal(
    formatPairTable(PAIRS),
    [
      "| loss | target | source   | PSNR dB | mosaic | mean volume | vs mosaic | vs mean | subjects | best           |",
      "| ---- | ------ | -------- | ------: | -----: | ----------: | --------: | ------: | -------: | -------------- |",
      "| CMR  | t1     | t2       |   24.25 |  13.00 |       22.00 |    +11.25 |   +2.25 |       12 | reconstruction |",
      "| CMR  | t2     | t1       |   20.00 |  12.00 |       21.50 |     +8.00 |   -1.50 |        3 | mean volume    |",
      "| CMR  | mean   | 2 pairs  |   22.13 |  12.50 |       21.75 |     +9.63 |   +0.38 |          | reconstruction |",
      "| MD   | t1     | template |   18.00 |  19.00 |       17.00 |     -1.00 |   +1.00 |       12 | mosaic         |",
      "| MD   | mean   | 1 pair   |   18.00 |  19.00 |       17.00 |     -1.00 |   +1.00 |          | mosaic         |",
    ].join("\n"),
  );
});

Deno.test("formatPairTable() says so when there is nothing to show", () => {
  assert.equal(formatPairTable([]), "No pair has been scored yet.");
});

Deno.test("formatPairTable() keeps bars in names and missing numbers from breaking the table", () => {
  const pair = { target: "a|b", source: "t2", psnr: NaN, mosaicPsnr: NaN, meanVolumePsnr: NaN, subjects: 0 };
  const row = formatPairTable([pair]).split("\n")[2];
  assert.match(row, /^\| CMR +\| a\\\|b +\| t2 +\| +n\/a \| +n\/a \| +n\/a \| +n\/a \| +n\/a \| +0 \| n\/a +\|$/);
});

Deno.test("formatTable() aligns words to the left and numbers to the right", () => {
  const lines = ["| name | n |", "| ---- | -: |", "| a    | 10 |"].map((line) => line.replace("| n |", "|  n |"));
  assert.equal(formatTable(["name", "n"], [["a", "10"]], { textColumns: new Set([0]) }), lines.join("\n"));
});
