import { deepEqual, equal, throws } from "node:assert/strict";
import type { Subject } from "../../lib/dataset/datalist.ts";
import { keepFraction, splitSubjects } from "../../lib/dataset/split.ts";

function subjectsNamed(...ids: string[]): Subject[] {
  return ids.map((id) => ({ id, images: [{ modality: "t1", file: `${id}_t1.nii` }] }));
}

const MANY = subjectsNamed(...Array.from({ length: 1000 }, (_, i) => `case${i}`));

function heldOut(subjects: readonly Subject[], options: { seed?: number; fraction?: number } = {}): string[] {
  const { seed = 5, fraction = 0.2 } = options;
  return splitSubjects(subjects, { seed, validationFraction: fraction }).validation.map(({ id }) => id);
}

Deno.test("splitSubjects() puts every subject on one side, in order, near the wanted share", () => {
  const { training, validation } = splitSubjects(MANY, { seed: 5, validationFraction: 0.2 });
  const held = new Set(validation);
  deepEqual(training, MANY.filter((subject) => !held.has(subject)));
  equal(training.length + validation.length, 1000);
  // Binomial(1000, 0.2) has standard deviation 12.6.
  equal(Math.abs(validation.length - 200) < 50, true, `${validation.length} held out`);
});

Deno.test("splitSubjects() leaves subjects where they are when others are added or the list is reordered", () => {
  const all = new Set(heldOut(MANY));
  const some = MANY.slice(300, 420);
  deepEqual(heldOut(some), some.map(({ id }) => id).filter((id) => all.has(id)));
  deepEqual(new Set(heldOut(MANY.toReversed())), all);
});

Deno.test("splitSubjects() depends on the seed", () => {
  const both = heldOut(MANY, { seed: 6 }).filter((id) => heldOut(MANY).includes(id));
  equal(both.length < 100, true, `${both.length} held out under both seeds`);
});

Deno.test("splitSubjects() holds out at least one subject of two or more and keeps one for training", () => {
  for (const fraction of [1e-9, 0.999999]) {
    for (let seed = 0; seed < 5; seed++) {
      const subjects = subjectsNamed("a", "b", "c", "d");
      const count = fraction < 0.5 ? 1 : 3;
      equal(heldOut(subjects, { seed, fraction }).length, count);
      equal(heldOut(subjects.slice(0, 2), { seed, fraction }).length, 1);
    }
  }
  deepEqual(heldOut(subjectsNamed("a"), { fraction: 0.9 }), []);
  deepEqual(heldOut(MANY, { fraction: 0 }), []);
});

Deno.test("splitSubjects() keeps all subjects of a group on one side, however they are named", () => {
  const visits = MANY.flatMap((subject, i): Subject[] =>
    [1, 2, 3].slice(i % 3).map((visit) => ({ ...subject, id: `visit${visit}-${i}`, group: subject.id }))
  );
  const { training, validation } = splitSubjects(visits, { seed: 5, validationFraction: 0.2 });
  equal(training.length + validation.length, visits.length);
  const held = new Set(validation.map(({ group }) => group));
  deepEqual(training.filter(({ group }) => held.has(group)), []);
  // A group is held out where a lone subject of its name would be.
  deepEqual(held, new Set(heldOut(MANY)));
});

Deno.test("splitSubjects() fills both sides with whole groups, and holds none out of a single group", () => {
  const visits = [1, 2, 3, 4].flatMap((visit) => [0, 1].map((person) => visitOf(visit, person)));
  for (const fraction of [1e-9, 0.999999]) {
    const { training, validation } = splitSubjects(visits, { seed: 1, validationFraction: fraction });
    deepEqual([training.length, validation.length], [4, 4]);
    equal(new Set(validation.map(({ group }) => group)).size, 1);
  }
  const alone = visits.filter(({ group }) => group === "person0");
  deepEqual(splitSubjects(alone, { seed: 1, validationFraction: 0.5 }).validation, []);
});

function visitOf(visit: number, person: number): Subject {
  return { ...subjectsNamed(`person${person}-visit${visit}`)[0], group: `person${person}` };
}

Deno.test("splitSubjects() rejects a fraction outside [0, 1)", () => {
  for (const fraction of [1, -0.1, NaN]) {
    throws(() => heldOut(MANY, { fraction }), {
      name: "RangeError",
      message: `Cannot split subjects: expected validationFraction in [0, 1), got ${fraction}`,
    });
  }
});

Deno.test("keepFraction() keeps rounded shares, each a part of the larger ones, in the order of the list", () => {
  const kept = (fraction: number): string[] => keepFraction(MANY, { seed: 5, fraction }).map(({ id }) => id);
  const [few, half, all] = [0.2, 0.5, 1].map(kept);
  equal(few.length, Math.round(0.2 * MANY.length));
  equal(half.length, Math.round(0.5 * MANY.length));
  deepEqual(all, MANY.map(({ id }) => id));
  deepEqual(few.filter((id) => half.includes(id)), few);
  deepEqual(half, all.filter((id) => half.includes(id)));
  equal(keepFraction(MANY, { seed: 5, fraction: 1e-9 }).length, 1);
  throws(() => keepFraction(MANY, { seed: 5, fraction: 0 }), {
    message: "Cannot keep subjects: expected a fraction in (0, 1], got 0",
  });
});
