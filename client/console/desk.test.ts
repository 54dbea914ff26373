import assert from "node:assert/strict";
import { readSessionOf } from "../../supabase/tests/support/scripted_coordinator.ts";
import { dealKey } from "../guardian/dealer.ts";
import { MemoryNonceStore } from "../guardian/stores/memory_nonce_store.ts";
import type { FrostSession } from "../sessions/session.ts";
import { Desk } from "./desk.ts";

const KEY = dealKey({ familyId: "family", threshold: 2, participants: ["ada", "bob", "cyd"] });
const SHOWN = "5a".repeat(32);
const OTHER = "a5".repeat(32);
const sessionOf = (id: string, message_hash = SHOWN) => readSessionOf(KEY, id, { message_hash });

/** A server that says what a test has it say, by the name of what it is asked. */
class Server {
  readonly answers: Record<string, (args: Readonly<Record<string, unknown>>) => unknown> = {
    get_nonce_pool: () => ({ guardians: {}, one_tap_sessions: 0, own: [] }),
    get_signing_work: () => ({ work: [], key_packages: {}, next: null }),
    list_recovery_requests: () => [],
  };
  /** Which functions were called. */
  readonly invoked: string[] = [];
  onInvoke: (name: string) => void = () => {};
  readonly functions = {
    invoke: (name: string) => {
      this.invoked.push(name);
      this.onInvoke(name);
      const data = { success: true, accepted: 0, available: 32, results: [] };
      return Promise.resolve({ data, error: null });
    },
  };

  rpc(name: string, args: Readonly<Record<string, unknown>>) {
    const data = this.answers[name]?.(args);
    return { abortSignal: () => Promise.resolve({ data, error: null, status: 200 }) };
  }

  from() {
    return {};
  }
}

/** A desk at which these await ada, once so many are shown. */
async function deskWith(
  server: Server,
  awaited: readonly FrostSession[],
  read: readonly FrostSession[] = awaited,
  shown = awaited.length,
): Promise<Desk> {
  server.answers.list_signing_sessions = () => awaited;
  server.answers.get_signing_sessions = () => ({ sessions: read, next: null });
  const [keyShare] = KEY.keyShares;
  const desk = new Desk(server, "family", { keyShare, epoch: 1 });
  desk.open(new MemoryNonceStore());
  await new Promise<void>((resolve) =>
    void desk.asked.subscribe((asked) => {
      if (asked.length >= shown) resolve();
    })
  );
  return desk;
}

Deno.test("what is signed is what its person has pressed on, whatever else is shown under its id", async () => {
  const server = new Server();
  const [one, other] = [sessionOf("one"), sessionOf("one", OTHER)];
  const desk = await deskWith(server, [one], [one, other, sessionOf("two")], 1);
  await new Promise<void>((resolve) => server.onInvoke = () => resolve());
  const [asked, ...more] = desk.asked.value;
  assert.deepEqual([asked.session.message_hash, more], [SHOWN, []]);
  for (const told of [other, sessionOf("two")]) {
    server.answers.get_signing_session = () => told;
    await desk.approve(asked);
  }
  assert.deepEqual(desk.outcomes.value.map(({ ok, what }) => [ok, what]), [
    [false, "The server answers with another session"],
    [false, "The server shows another text now"],
  ]);
  assert.deepEqual(new Set(server.invoked), new Set(["publish-nonce-commitments"]));
  server.answers.get_signing_session = () => one;
  const answered = new Promise<void>((resolve) =>
    server.onInvoke = (name) => name === "submit-nonce-commitments" && resolve()
  );
  void desk.approve(asked);
  await answered;
  desk.close();
});

Deno.test("a question that comes later stands below: nothing moves under a finger", async () => {
  const desk = await deskWith(new Server(), [sessionOf("first"), sessionOf("second")]);
  const ids = desk.asked.value.map(({ session }) => session.session_id);
  assert.deepEqual(ids, ["first", "second"]);
  desk.close();
});
