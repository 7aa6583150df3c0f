import assert from "node:assert/strict";
import { relaxationAfterContrast, TISSUE_PROPERTIES, TISSUES } from "../../../lib/dataset/phantom/tissues.ts";
import { assertClose } from "./_tools.ts";

Deno.test("TISSUE_PROPERTIES keep the orders that all contrasts rest on", () => {
  const { csf, grey, white, oedema, infarct, necrosis } = TISSUE_PROPERTIES;
  for (const field of [1.5, 3] as const) {
    assert.ok(white.t1[field] < grey.t1[field] && grey.t1[field] < necrosis.t1[field]);
    assert.ok(necrosis.t1[field] < csf.t1[field]);
  }
  assert.ok(white.t2 < grey.t2 && grey.t2 < oedema.t2 && oedema.t2 < necrosis.t2 && necrosis.t2 < csf.t2);
  assert.ok(infarct.adc < white.adc && white.adc < grey.adc && grey.adc < oedema.adc && oedema.adc < csf.adc);
  assert.ok(white.bloodVolume < grey.bloodVolume && csf.bloodVolume === 0);
  assert.ok(white.mtr > grey.mtr && csf.mtr === 0);
  for (const tissue of TISSUES) assert.ok(TISSUE_PROPERTIES[tissue].t1[1.5] <= TISSUE_PROPERTIES[tissue].t1[3], tissue);
});

Deno.test("relaxationAfterContrast() adds the agent's relaxivity to the rate, against a hand value", () => {
  // 1/1600 + 3.7·0.18/1000 = 0.001291 per ms.
  assertClose(relaxationAfterContrast(1600, { millimolar: 0.18, field: 3 }), 1 / 0.001291, 1e-9);
  assertClose(relaxationAfterContrast(1600, { millimolar: 0, field: 1.5 }), 1600, 1e-9);
});
