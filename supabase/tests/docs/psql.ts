/**
 * Stands in for psql where a machine has none: `psql <url> [-X] [-q] [-1] [-v …] (-c <sql> | -f <file>)…`.
 */
import postgres from "postgres";
import { describeError } from "./output.ts";

const [url, ...args] = Deno.args;
const sql = postgres(url, { max: 1, onnotice: () => {} });

async function run(text: string): Promise<boolean> {
  try {
    // A file goes as one message, and so in one transaction unless it says otherwise.
    await sql.unsafe(text).simple();
    return true;
  } catch (error) {
    console.error(describeError(error));
    return false;
  }
}

let succeeded = true;
for (let i = 0; i < args.length && succeeded; i++) {
  if (args[i] === "-v") i++;
  else if (args[i] === "-c") succeeded = await run(args[++i]);
  else if (args[i] === "-f") succeeded = await run(await Deno.readTextFile(args[++i]));
  else if (!["-X", "-q", "-1"].includes(args[i])) throw new Error(`Unknown argument ${args[i]}`);
}
await sql.end();
Deno.exit(succeeded ? 0 : 1);
