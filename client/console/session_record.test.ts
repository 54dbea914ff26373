import assert from "node:assert/strict";
import { chainOf } from "../../supabase/tests/support/simulated_transcript.ts";
import { readSessionOf } from "../../supabase/tests/support/scripted_coordinator.ts";
import { dealKey } from "../guardian/dealer.ts";
import { failure, success } from "../result.ts";
import { verifyTranscript } from "../sessions/transcript.ts";
import { checkedByShares, readRecord } from "./session_record.ts";

const KEY = dealKey({ familyId: "family", threshold: 2, participants: ["ada", "bob"] });
const about = { subject: "session", subject_id: "one", family_id: "family" };
const transcript = { ...chainOf([["created", "ada", {}]], about), key_package: null };
const shares = KEY.keyShares.map((keyShare, i) => ({ keyShare, epoch: 2 - i }));

/** A server with one session. */
const server = {
  rpc: (name: string) => ({
    abortSignal: () =>
      Promise.resolve({
        data: name === "get_transcript" ? transcript : readSessionOf(KEY, "one", {}),
        error: null,
        status: 200,
      }),
  }),
  functions: { invoke: () => Promise.reject(new Error("Nothing is invoked")) },
  from: () => ({}),
};

Deno.test("a record that is older than what this device has seen meanwhile is read again, once", async () => {
  const rewritten = { share: shares[0], verified: failure("transcript_rewritten") };
  const whole = { share: shares[0], verified: verifyTranscript(transcript) };
  const codes = [];
  for (const answers of [[rewritten, whole], [rewritten, rewritten, whole]]) {
    const read = await readRecord(server, () => Promise.resolve(answers.shift() ?? whole), "one");
    assert.ok(read.success);
    codes.push(read.verified.success ? "whole" : read.verified.code);
  }
  assert.deepEqual(codes, ["whole", "transcript_rewritten"]);
});

Deno.test("a record is checked by the share whose key it is, and by what was seen under any", async () => {
  const own = verifyTranscript(transcript);
  assert.ok(own.success);
  const judge = (...codes: ("ok" | "key_package_mismatch" | "transcript_rewritten")[]) =>
    checkedByShares(
      shares,
      transcript,
      ({ epoch }) => {
        const code = codes[2 - epoch];
        return Promise.resolve(code === "ok" ? success(own) : failure(code));
      },
    );
  assert.equal((await judge("key_package_mismatch", "ok")).share?.epoch, 1);
  assert.equal((await judge("key_package_mismatch", "key_package_mismatch")).share, undefined);
  const { verified } = await judge("ok", "transcript_rewritten");
  assert.equal(verified.success ? "" : verified.code, "transcript_rewritten");
});
