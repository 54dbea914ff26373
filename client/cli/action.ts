/** How a command is done: its work, and who runs it. */
import type { Output } from "./output.ts";

/** What a command does, and answers its status. */
export type Action = (output: Output) => Promise<number | void>;

/** Runs an action, and turns what it throws into a sentence and a status. */
export type Doing = (action: Action) => Promise<void>;
