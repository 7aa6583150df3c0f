/** A thread that answers the first message with its double. */
import { ownerPort } from "../../../lib/tensor/simd/thread.ts";

const owner = ownerPort();
owner.receive((message) => owner.post(2 * Number(message)));
