import assert from "node:assert/strict";
import { appendFile, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { judge, type Rule } from "./rules.ts";
import { readSigned, type Signed, SignedLog } from "./signed_log.ts";

const rule: Rule = { then: "allow", kinds: [1], perHour: 2 };
const now = Date.now();
const note = { requester: "ann", event: { kind: 1, content: "hello", tags: [] } };

const HASH = "5a".repeat(32);

function signed(sessionId: string, at = now, ruleWas = rule, message_hash = HASH): Signed {
  return {
    at,
    sessionId,
    requester: "ann",
    rule: 1,
    ruleWas,
    session: { message_hash, participants: ["ann", "bob"], threshold: 2 },
    key: { group_public_key: "02".repeat(33), threshold: 2, participants: ["ann", "bob"] },
  };
}

async function withFile(test: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "permafrost-signed-"));
  try {
    await test(join(folder, "signed.jsonl"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

Deno.test("add() writes a line a session, in order, for its owner alone", async () => {
  await withFile(async (path) => {
    assert.deepEqual(await readSigned(path), []);
    const log = await SignedLog.open(path);
    const all = Array.from({ length: 20 }, (_, i) => signed(`s${i}`));
    await Promise.all(all.map((one) => log.add(one)));
    await log.close();
    assert.deepEqual(await readSigned(path), all);
    assert.equal((await readFile(path, "utf8")).split("\n").length, all.length + 1);
    assert.equal((await stat(path)).mode & 0o077, 0);
  });
});

Deno.test("what a crash cut off is passed over, and damages nothing that follows", async () => {
  await withFile(async (path) => {
    const first = await SignedLog.open(path);
    await first.add(signed("a"));
    await first.close();
    await appendFile(path, '{"at":170');
    const second = await SignedLog.open(path);
    await second.add(signed("b"));
    await second.close();
    assert.deepEqual((await readSigned(path)).map(({ sessionId }) => sessionId), ["a", "b"]);
  });
});

Deno.test("the caps of a rule are counted from the file, where the rule stands elsewhere or has another cap", async () => {
  await withFile(async (path) => {
    const log = await SignedLog.open(path);
    await log.add(signed("a"));
    await log.add(signed("b", now - 3_000_000));
    await log.add(signed("other", now, { then: "allow", kinds: [7] }));
    await log.close();
    const again = await SignedLog.open(path);
    const decide = (rules: Rule[], id: string) =>
      judge(rules, note, now, again.history(rules, signed(id))).decision;
    assert.equal(decide([rule], "c"), "ask");
    assert.equal(decide([{ then: "deny", kinds: [4] }, rule], "c"), "ask");
    assert.equal(decide([{ ...rule, perHour: 3 }], "c"), "allow");
    // One that was noted, and then taken up again after a crash, does not count against itself.
    assert.equal(decide([rule], "a"), "allow");
    await again.add(signed("a"));
    assert.equal(decide([{ ...rule, perHour: 3 }], "c"), "allow");
    // Another message under an id that was there before counts.
    await again.add(signed("b", now, rule, "5b".repeat(32)));
    assert.equal(decide([{ ...rule, perHour: 3 }], "c"), "ask");
    const adding = again.add(signed("d"));
    assert.equal(decide([{ ...rule, perHour: 3 }], "c"), "ask");
    await adding;
    await again.close();
  });
});
