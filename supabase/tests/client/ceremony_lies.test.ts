/** A server that lies to one device about a ceremony: the device sends nothing it should not, and confirms nothing. */
import assert from "node:assert/strict";
import { z } from "zod";
import { Ceremony, type JoinedCeremony } from "../../../client/ceremonies/ceremony.ts";
import { HostKey } from "../../../client/ceremonies/host_key.ts";
import { type CeremonyPin } from "../../../client/ceremonies/pins.ts";
import { MemoryCeremonyStore } from "../../../client/ceremonies/store.ts";
import type { Result } from "../../../client/result.ts";
import { clientOf, must } from "../support/app_family.ts";
import { sharedStack } from "../support/answers.ts";
import { CeremonyGuardians, HttpCeremony } from "../support/http_ceremony.ts";

const stack = sharedStack();
const NAMES = ["ann", "bob", "cleo"];

const Json = z.record(z.string(), z.unknown());
type Json = z.infer<typeof Json>;
const Rows = z.array(z.object({
  round: z.number(),
  participant_id: z.string(),
  payload: Json,
}));
type Rows = z.infer<typeof Rows>;

/** How the server lies: about a ceremony, or about its messages. */
interface Lie {
  readonly ceremony?: (told: Json) => Json;
  readonly messages?: (told: Rows) => Rows;
}

/** cleo's device, and the server as it shows itself to it; what the device sends is counted. */
async function joinAs(
  ceremony: HttpCeremony,
  { ceremony: lie = (told) => told, messages = (told) => told }: Lie,
  { store = new MemoryCeremonyStore(), pin = { paramsId: ceremony.paramsId } }: {
    store?: MemoryCeremonyStore;
    pin?: CeremonyPin;
  } = {},
): Promise<{ joined: Result<JoinedCeremony>; sent: number[]; store: MemoryCeremonyStore }> {
  const sent: number[] = [];
  const lying: typeof fetch = async (input, init) => {
    const url = String(input);
    if (url.endsWith("/submit-ceremony-message")) {
      sent.push(z.object({ round: z.number() }).parse(JSON.parse(String(init?.body))).round);
    }
    const response = await fetch(input, init);
    if (!response.ok) return response;
    if (url.includes("/rpc/get_key_ceremony")) {
      return Response.json(lie(Json.parse(await response.json())));
    }
    if (url.includes("/frost_ceremony_messages")) {
      return Response.json(messages(Rows.parse(await response.json())));
    }
    return response;
  };
  const controller = new AbortController();
  const joining = Ceremony.join(ceremony.id, pin, {
    supabase: await clientOf(stack(), "cleo", ceremony.family.id, { fetch: lying }),
    hostKey: ceremony.family.hostKeyOf("cleo"),
    participantId: "cleo",
    store,
    signal: controller.signal,
  });
  const joined = await joining;
  return { joined, sent, store };
}

async function startOf(protocol: "chilldkg" | "pedersen"): Promise<HttpCeremony> {
  const family = await CeremonyGuardians.found(stack(), NAMES);
  return await HttpCeremony.start(family, {
    kind: "dkg",
    protocol,
    threshold: 2,
    participants: NAMES,
  });
}

function failed(joined: Result<JoinedCeremony>, code: string): void {
  assert.equal(joined.success, false, JSON.stringify(joined));
  assert.equal(joined.code, code, joined.error);
}

Deno.test("nothing is sent to a ceremony that is not the one that was compared", async () => {
  const ceremony = await startOf("pedersen");
  const other = HostKey.generate().publicKey;
  const hostKeys = Object.fromEntries(
    NAMES.map((name) => [name, ceremony.family.hostKeyOf(name).publicKey]),
  );
  const lies: [string, string, Lie, CeremonyPin?][] = [
    ["another params_id", "coordinator_faulty", {
      ceremony: (told) => ({ ...told, params_id: "ab".repeat(32) }),
    }],
    ["other host keys", "coordinator_faulty", {
      ceremony: (told) => ({ ...told, host_public_keys: [other, other, other] }),
    }],
    ["a lower threshold", "coordinator_faulty", {
      ceremony: (told) => ({ ...told, threshold: 1 }),
    }],
    ["swapped names", "coordinator_faulty", {
      ceremony: (told) => ({ ...told, participants: ["bob", "ann", "cleo"] }),
    }],
    ["another one altogether", "ceremony_mismatch", {}, { paramsId: "cd".repeat(32) }],
    ["a host key that was not compared", "ceremony_mismatch", {}, {
      hostKeys: { ann: hostKeys.ann, cleo: hostKeys.cleo },
    }],
    ["another host key than the compared one", "ceremony_mismatch", {}, {
      hostKeys: { ...hostKeys, bob: other },
    }],
  ];
  for (const [name, code, lie, pin] of lies) {
    const { joined, sent, store } = await joinAs(ceremony, lie, { pin });
    failed(joined, code);
    assert.deepEqual(sent, [], name);
    assert.equal(await store.read(ceremony.id, "begun"), undefined, name);
  }
});

Deno.test("a reshare with a lower threshold is joined only by who says so", async () => {
  const family = await CeremonyGuardians.found(stack(), NAMES);
  await family.deal({ threshold: 3, participants: NAMES });
  const ceremony = await HttpCeremony.start(family, {
    kind: "reshare",
    threshold: 2,
    participants: ["ann", "cleo"],
    dealers: NAMES,
  });
  const asked: string[][] = [];
  const hostKeys = Object.fromEntries(
    NAMES.map((name) => [name, family.hostKeyOf(name).publicKey]),
  );
  const join = async (approve?: () => boolean) =>
    await Ceremony.join(ceremony.id, {
      hostKeys,
      fromPackage: ceremony.terms.fromPackage ?? undefined,
    }, {
      supabase: await clientOf(stack(), "cleo", family.id),
      hostKey: family.hostKeyOf("cleo"),
      participantId: "cleo",
      keyShare: family.keyShareOf("cleo"),
      store: new MemoryCeremonyStore(),
      ...(approve && {
        approve: (_: unknown, warnings: readonly string[]) => {
          asked.push([...warnings]);
          return approve();
        },
      }),
    });
  failed(await join(), "not_approved");
  failed(await join(() => false), "not_approved");
  assert.deepEqual(asked, [[
    "The threshold goes down from 3 to 2",
    "These get no share: bob",
  ]]);
  assert.deepEqual((await ceremony.view()).received, {});
});

Deno.test("pedersen: a message that was shown otherwise to this device is found before it confirms", async () => {
  const change = (round: number, whose: string) => (told: Rows) =>
    told.map((row) =>
      row.round === round && row.participant_id === whose
        ? { ...row, payload: { ...row.payload, signature: "00".repeat(64) } }
        : row
    );
  for (const [round, whose] of [[1, "ann"], [2, "bob"]] as const) {
    const ceremony = await startOf("pedersen");
    await Promise.all([ceremony.play(1, ["cleo"])]);
    const joining = joinAs(ceremony, { messages: change(round, whose) });
    await untilRound(ceremony, "round_two");
    await ceremony.play(2, ["cleo"]);
    const { joined, sent, store } = await joining;
    failed(joined, "ceremony_message_invalid");
    assert.deepEqual([...new Set(sent)], [1, 2]);
    assert.equal((await store.read(ceremony.id, "decided"))?.decision, "refused");
    assert.notEqual((await ceremony.view()).status, "completed");
  }
});

Deno.test("chilldkg: another first message in the coordinator's is found before the certificate is signed", async () => {
  const ceremony = await startOf("chilldkg");
  const other = await startOf("chilldkg");
  await ceremony.play(1, ["cleo"]);
  await other.play(1);
  const [foreign] = (await other.view()).coordinatorMessages;
  const lie = (told: Json) =>
    z.array(z.string()).parse(told.coordinator_messages).length === 0
      ? told
      : { ...told, coordinator_messages: [foreign] };
  const { joined, sent, store } = await joinAs(ceremony, { ceremony: lie });
  failed(joined, "coordinator_faulty");
  assert.deepEqual([...new Set(sent)], [1]);
  assert.equal(await store.read(ceremony.id, "certified"), undefined);
});

Deno.test("a share is not used before this device has seen that all have confirmed the same", async () => {
  for (const protocol of ["chilldkg", "pedersen"] as const) {
    const ceremony = await startOf(protocol);
    await ceremony.play(1, ["cleo"]);
    const joining = joinAs(ceremony, {
      ceremony: (told) => told.status === "confirming" ? { ...told, status: "completed" } : told,
    });
    await untilRound(ceremony, "round_two");
    await ceremony.play(2, ["cleo"]);
    const { joined, sent, store } = await joining;
    failed(joined, "coordinator_faulty");
    assert.deepEqual([...new Set(sent)], [1, 2]);

    // It is not put off by that: with the truth it goes on, and ends with what all have confirmed.
    await ceremony.play(3, ["cleo"]);
    const forged = await joinAs(ceremony, {
      messages: (told) =>
        told.map((row) =>
          row.round === 3 && row.participant_id === "bob"
            ? { ...row, payload: { ...row.payload, confirmation: "00".repeat(64) } }
            : row
        ),
    }, { store });
    failed(forged.joined, "coordinator_faulty");
    assert.equal((await store.read(ceremony.id, "decided"))?.decision, "confirmed");

    const hidden = await joinAs(ceremony, {
      ceremony: (told) => ({ ...told, status: "failed", error_message: "nothing came of it" }),
    }, { store });
    failed(hidden.joined, "ceremony_failed");
    assert.equal((await store.read(ceremony.id, "decided"))?.decision, "confirmed");

    const { joined: truth } = await joinAs(ceremony, {}, { store });
    assert.ok(must(truth).keyShare);
    await Ceremony.forget(ceremony.id, store);
    assert.equal(await store.read(ceremony.id, "decided"), undefined);
  }
});

/** Until the device under test has sent what the round waits for. */
async function untilRound(ceremony: HttpCeremony, status: string): Promise<void> {
  while ((await ceremony.view()).status !== status) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
