/** Names for subjects, taken from where their images lie. */
import { DatalistError } from "../errors.ts";
import { stemOfFile } from "./modality.ts";

/**
 * Names every subject after its files, uniquely within the list.
 *
 * The name is what the image names share before the modality; where there is none or it is taken, the folder's name;
 * where that is taken too, the folder's path with the stem.
 *
 * @param subjects the image paths of each subject, relative to one root
 * @param context what is being read, for the message
 * @throws {DatalistError} when two subjects cannot be told apart, which is when their files are the same
 */
export function nameSubjects(subjects: readonly (readonly string[])[], context: string): string[] {
  const candidates = subjects.map(candidateNames);
  const level = subjects.map(() => 0);
  for (;;) {
    const names = candidates.map((options, i) => options[level[i]]);
    const indicesOf = Map.groupBy(names.keys(), (i) => names[i]);
    const unclear = [...indicesOf].flatMap(([name, indices]) => name === "" || indices.length > 1 ? indices : []);
    if (unclear.length === 0) return names;
    const raisable = unclear.filter((i) => level[i] < 2);
    if (raisable.length === 0) {
      const [first, second] = unclear.map((i) => `"${subjects[i][0]}"`);
      throw new DatalistError(
        `Cannot read ${context}: expected each subject once, got one with ${first} and ${second}`,
      );
    }
    for (const i of raisable) level[i]++;
  }
}

function candidateNames(files: readonly string[]): [string, string, string] {
  const stem = stemOfFile(files[0]);
  const folder = files[0].slice(0, Math.max(files[0].lastIndexOf("/"), 0));
  const sharedStem = files.every((file) => stemOfFile(file) === stem) ? stem : "";
  const path = [folder, stem].filter((part) => part !== "").join("/");
  return [sharedStem, folder.slice(folder.lastIndexOf("/") + 1), path || files[0]];
}
