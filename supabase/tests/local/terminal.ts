import assert from "node:assert/strict";
import { dataFolder } from "../support/data_folder.ts";

/** Runs a script of ours on a terminal, closes that in the midst, and waits until nothing is left running. */
export async function closeTerminal(
  script: string,
  midst: string,
  env: Record<string, string> = {},
): Promise<void> {
  // Where no other stack is, which would end and remove what this one left.
  await using state = await dataFolder();
  const command = [Deno.execPath(), "run", "-A", "--no-check", script];
  const terminal = new Deno.Command("script", {
    args: Deno.build.os === "linux"
      ? ["-q", "-e", "-c", `exec ${command.map((word) => `'${word}'`).join(" ")}`, "/dev/null"]
      : ["-q", "/dev/null", ...command],
    env: { ...env, TMPDIR: state.path },
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const said = await readUntil(terminal.stdout, midst);
  assert.ok(said.includes(midst), said);
  const [folder] = await names(state.path);
  const clusters = `${state.path}/${folder}/clusters`;
  assert.equal((await names(clusters)).length, 1);
  terminal.kill("SIGKILL");
  await Promise.all([terminal.stdout.cancel(), terminal.status]);
  const deadline = Date.now() + 15_000;
  while ((await names(clusters)).length > 0) {
    assert.ok(Date.now() < deadline, "PostgreSQL still runs");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Reads until `text` was printed; the rest can be read by somebody else. */
export async function readUntil(
  stream: ReadableStream<Uint8Array>,
  text: string,
  onFirst: () => void = () => {},
): Promise<string> {
  const decoder = new TextDecoder();
  let said = "";
  for await (const bytes of stream.values({ preventCancel: true })) {
    if (said === "") onFirst();
    said += decoder.decode(bytes, { stream: true });
    if (said.includes(text)) break;
  }
  return said;
}

async function names(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
}
