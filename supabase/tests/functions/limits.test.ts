import assert from "node:assert/strict";
import { accepted, refused, sharedStack } from "../support/answers.ts";
import { HttpFamily } from "../support/http_family.ts";

const stack = sharedStack();

Deno.test("past a limit a request is rate_limited, and told when to try again", async () => {
  const family = await HttpFamily.found(stack());
  const { sql } = stack().database;
  await sql`
    insert into permafrost.limits (limit_name, family_id, value)
    values ('creations_per_minute', ${family.id}, 1)`;
  const create = () => family.call("ann", "create-signing-request", family.request());
  // A minute may end between two calls.
  const answers = [await create(), await create(), await create()];
  accepted(answers[0], 201);
  const past = answers.find(({ status }) => status === 429);
  assert.ok(past !== undefined, answers.map(({ text }) => text).join());
  refused(past, "rate_limited");
  const { retry_after_ms } = past.body;
  assert.ok(typeof retry_after_ms === "number" && retry_after_ms > 0 && retry_after_ms <= 60_000);
  assert.equal(past.headers.get("retry-after"), String(Math.ceil(retry_after_ms / 1000)));
  assert.match(past.headers.get("access-control-expose-headers") ?? "", /retry-after/i);
});

Deno.test("past the limit of refusals that are recorded, they are answered all the same", async () => {
  const family = await HttpFamily.found(stack());
  const { sql } = stack().database;
  await sql`
    insert into permafrost.limits (limit_name, family_id, value)
    values ('recorded_refusals_per_minute', ${family.id}, 0)`;
  const sessionId = await family.create();
  refused(await family.commit("ann", sessionId, "00"), "commitment_invalid");
  const signing = await family.signing();
  refused(await family.share("ann", signing, "00"), "share_invalid");
});
