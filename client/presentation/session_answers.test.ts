import assert from "node:assert/strict";
import { dealKey } from "../guardian/dealer.ts";
import type { FrostSession, SigningQuorum } from "../sessions/session.ts";
import { readSessionOf } from "../../supabase/tests/support/scripted_coordinator.ts";
import { answersOf } from "./session_answers.ts";

const KEY = dealKey({ familyId: "f", threshold: 2, participants: ["ann", "bob", "cleo", "dora"] });
const of = (changes: Partial<FrostSession>) =>
  answersOf(readSessionOf(KEY, "s", { threshold: 3, declined: {}, ...changes }));
const quorum = { quorum: 1, signers: ["ann", "bob", "cleo"], status: "signing" as const };

Deno.test("who answered any quorum has answered, and the others are waited for but who declined", () => {
  const quorums: SigningQuorum[] = [
    { ...quorum, commitments: {}, shares: { bob: "01" } },
    { ...quorum, quorum: 2, commitments: { dora: "02" }, shares: {} },
  ];
  assert.deepEqual(of({ quorums, declined: { cleo: "no" } }), {
    answered: ["bob"],
    awaited: ["ann", "dora"],
    missing: 2,
  });
  assert.deepEqual(of({ quorums, status: "completed" }), {
    answered: ["bob"],
    awaited: [],
    missing: 0,
  });
});

Deno.test("in two rounds, commitments are the answers until the signers are chosen", () => {
  const mode = "two_round";
  const nonce_commitments = { ann: "01", bob: "02" };
  assert.deepEqual(of({ mode, status: "nonce_collection", nonce_commitments }), {
    answered: ["ann", "bob"],
    awaited: ["cleo", "dora"],
    missing: 1,
  });
  const signature_shares = { bob: "03" };
  const signers = ["ann", "bob", "cleo"];
  assert.deepEqual(of({ mode, signers, nonce_commitments, signature_shares }), {
    answered: ["bob"],
    awaited: ["ann", "cleo"],
    missing: 2,
  });
});
