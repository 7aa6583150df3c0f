/** Cuts a stream of text into lines. */

/** Text in any pieces → lines without their ends; what follows the last end is dropped. */
export class TextLineStream extends TransformStream<string, string> {
  /** An empty cutter. */
  constructor() {
    let rest = "";
    super({
      transform(piece, controller) {
        const lines = (rest + piece).split("\n");
        rest = lines.pop()!;
        for (const line of lines) controller.enqueue(line);
      },
    });
  }
}
