/** The worked examples of docs/http.md for robust, one_tap, batches and pools, in their order. */
import { z } from "zod";
import { accepted, type Answer, type Json } from "../support/answers.ts";
import { note } from "../support/family.ts";
import type { HttpFamily } from "../support/http_family.ts";

/** Does what they show; each answer is handed to `asShown`, with the name of its example. */
export async function otherModes(
  family: HttpFamily,
  asShown: (name: string, answer: Answer) => Json,
): Promise<void> {
  const create = async (example: string, more: Json) => {
    const answer = await family.call(
      "ann",
      "create-signing-request",
      family.eventRequest(note(), more),
    );
    return asShown(`create-signing-request ${example}`, answer);
  };
  const publish = async (guardian: string) => {
    const nonceCommitments = [await family.draw(guardian), await family.draw(guardian)];
    const body = { familyId: family.id, nonceCommitments };
    return await family.call(guardian, "publish-nonce-commitments", body);
  };
  const shares = (guardian: string, items: readonly Json[]) =>
    family.call(guardian, "submit-signature-shares", { items });

  for (const guardian of family.participants) {
    asShown("publish-nonce-commitments", await publish(guardian));
  }
  const oneTap = String((await create("one_tap", { mode: "one_tap" })).sessionId);
  asShown(
    "get_signing_work",
    await family.rpc("bob", "get_signing_work", { p_session_id: oneTap }),
  );
  const [[late], bob, cleo] = await Promise.all(
    family.participants.map((guardian) => family.owed(guardian, oneTap)),
  );
  asShown("submit-signature-shares", await shares("bob", bob));
  asShown("submit-signature-shares cleo", await shares("cleo", cleo));
  asShown("submit-signature-share", await family.call("ann", "submit-signature-share", late));

  const robust = String((await create("robust", { mode: "robust" })).sessionId);
  const commit = async (guardian: string) =>
    await family.commit(guardian, robust, await family.draw(guardian));
  for (const guardian of ["ann", "bob"]) accepted(await commit(guardian));
  asShown("submit-nonce-commitment robust", await commit("cleo"));
  asShown("submit-nonce-commitment robust", await commit("ann"));
  const [share] = await family.owed("ann", robust);
  const nextNonceCommitment = await family.draw("ann");
  asShown(
    "submit-signature-shares robust",
    await shares("ann", [{ ...share, nextNonceCommitment }]),
  );

  const { messageHash, eventTemplate, ...request } = family.eventRequest();
  const messages = [{ messageHash, eventTemplate }, { messageHash, eventTemplate }];
  const body = { ...request, messages, mode: "one_tap" };
  const answer = await family.call("ann", "create-signing-request", body);
  const { sessionIds } = asShown("create-signing-request batch", answer);
  const items = [...z.array(z.string()).parse(sessionIds), "not-there"].map(async (sessionId) => ({
    sessionId,
    nonceCommitment: await family.draw("bob"),
  }));
  asShown(
    "submit-nonce-commitments",
    await family.call("bob", "submit-nonce-commitments", { items: await Promise.all(items) }),
  );
  const all = { familyId: family.id, all: true };
  asShown(
    "withdraw-nonce-commitments",
    await family.call("ann", "withdraw-nonce-commitments", all),
  );
}
