import assert from "node:assert/strict";
import cases from "../../tests/support/callers.json" with { type: "json" };
import { type Claims, membershipsOf, participantIn, requireParticipant } from "./caller.ts";
import { Refusal } from "./errors.ts";

Deno.test("membershipsOf() knows who the caller is in each of its families", () => {
  for (const { what, claims, memberships } of cases) {
    assert.deepEqual(membershipsOf(claims), memberships, what);
  }
});

Deno.test("participantIn() is nobody where the caller is no member, whatever an object has besides", () => {
  const claims: Claims = JSON.parse('{"families": {"f": "p", "__proto__": "q"}}');
  assert.equal(participantIn(claims, "f"), "p");
  assert.equal(participantIn(claims, "__proto__"), "q");
  for (const other of ["g", "", "F", "constructor", "toString"]) {
    assert.equal(participantIn(claims, other), undefined, other);
  }
});

Deno.test("requireParticipant() refuses a client that takes itself for somebody else, and names both", () => {
  const claims = { families: { f: "ann", g: 'bo"b' } };
  assert.equal(requireParticipant(claims, "f"), "ann");
  assert.equal(requireParticipant(claims, "f", "ann"), "ann");
  const refusals = [
    [() => requireParticipant(claims, "g", "ann"), "not_a_participant", /"bo\\"b", not of "ann"$/],
    [() => requireParticipant(claims, "f", ""), "not_a_participant", /"ann", not of ""$/],
    [() => requireParticipant(claims, "h", "ann"), "not_in_family", /not a member/],
    [() => requireParticipant(claims, "h"), "not_in_family", /not a member/],
  ] as const;
  for (const [refused, code, sentence] of refusals) {
    assert.throws(refused, (error) => {
      assert.ok(error instanceof Refusal);
      assert.equal(error.code, code);
      assert.match(error.message, sentence);
      return true;
    });
  }
});
