import assert from "node:assert/strict";
import { findDifference } from "../../local/generated.ts";

const DATABASE = { url: "postgresql://localhost/a", emptyUrl: "postgresql://localhost/b" };
const LICENSE = await Deno.readTextFile(new URL("../../../LICENSE", import.meta.url));

/** What is said where the committed LICENSE is compared with a text. */
function compare(text: string): Promise<string | undefined> {
  const generate = () => Promise.resolve(text);
  return findDifference({ task: "law", path: "LICENSE", usage: "", generate }, DATABASE);
}

Deno.test("a generated file that is up to date has no difference", async () => {
  assert.equal(await compare(LICENSE), undefined);
});

Deno.test("the first line that differs is shown, with the task that writes the file", async () => {
  const [first, , third] = LICENSE.split("\n");
  assert.equal(
    await compare(LICENSE.replace(third, "Nobody may")),
    `LICENSE is not what the migrations give; run "deno task law". Line 3:\n- ${third}\n+ Nobody may`,
  );
  assert.match(await compare(first) ?? "", / Line 2:\n- \n\+ \(the file should end before\)$/);
  assert.match(await compare(`${LICENSE}\nmore`) ?? "", /\n- \(the file ends before\)\n\+ more$/);
});
