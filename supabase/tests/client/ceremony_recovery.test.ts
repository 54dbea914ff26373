/** A share that comes back from a host key and recovery data, and what recovery data are refused. */
import assert from "node:assert/strict";
import { HostKey } from "../../../client/ceremonies/host_key.ts";
import {
  readRecoveryData,
  recoverCurrentShare,
  recoverKeyShare,
} from "../../../client/ceremonies/recovery.ts";
import { RecoveryDataError } from "../../../client/ceremonies/recovery_data.ts";
import { type Json, sharedStack } from "../support/answers.ts";
import { must } from "../support/app_family.ts";
import { HandmadeCeremony, NAMES, sceneOf, SCENES } from "../support/handmade_ceremony.ts";
import { otherHex } from "../support/lies.ts";

const stack = sharedStack();

/** The columns of a package that nobody confirms, and no share depends on. */
const COLUMNS = [
  "key_package_id",
  "family_id",
  "vss_commitment",
  "created_by",
  "created_at",
  "retired_at",
  "exposed_at",
  "is_active",
];

for (const scene of SCENES.keys()) {
  Deno.test(`${scene}: a share comes back as often as one likes, and from no data that were changed`, async () => {
    const ceremony = await sceneOf(stack(), scene);
    await ceremony.finish();
    const ann = ceremony.family.guardian("ann");
    const { keyPackageId } = await ceremony.view();
    const { recoveryData } = must(await readRecoveryData(ann.supabase, keyPackageId ?? ""));
    const data: Json = JSON.parse(JSON.stringify(recoveryData));
    for (let i = 0; i < 2; i++) {
      for (const name of NAMES) {
        const { hostKey, keyShare } = ceremony.family.guardian(name);
        assert.deepEqual(recoverKeyShare(hostKey, data).keyShare, keyShare);
      }
    }
    assert.throws(() => recoverKeyShare(HostKey.generate(), data), RecoveryDataError);

    let changes = 0;
    for (const [path, changed] of changesOf(data)) {
      if (COLUMNS.some((column) => path.includes(column))) continue;
      assert.throws(
        () => recoverKeyShare(ann.hostKey, changed),
        RecoveryDataError,
        `${path} was changed, and nobody noticed`,
      );
      changes++;
    }
    assert.ok(changes > 30, String(changes));
  });

  Deno.test(`${scene}: what was dealt anew comes back no more, from data or from the record`, async () => {
    const ceremony = await sceneOf(stack(), scene);
    const secrets = await secretsOf(ceremony);
    await ceremony.finish();
    const { keyPackageId } = await ceremony.view();
    const { family } = ceremony;
    const ann = family.guardian("ann");
    const kept = must(await readRecoveryData(ann.supabase, keyPackageId ?? "")).recoveryData;
    const before = ann.keyShare;
    const next = await HandmadeCeremony.start(stack(), family, {
      kind: "reshare",
      threshold: 2,
      participants: NAMES,
      dealers: ["bob", "cleo"],
    });
    await next.finish();

    const { recoveryData } = must(await readRecoveryData(ann.supabase, keyPackageId ?? ""));
    assert.throws(() => recoverKeyShare(ann.hostKey, recoveryData), {
      name: "RecoveryDataError",
      message: /dealt anew/,
    });
    const now = must(await recoverCurrentShare(ann.supabase, family.id, ann.hostKey));
    assert.deepEqual(now.keyShare, family.guardian("ann").keyShare);
    assert.notEqual(now.keyShare.signing_share, before?.signing_share);
    // Who has kept the old data has the old share: no server can take that back.
    assert.deepEqual(recoverKeyShare(ann.hostKey, kept).keyShare, before);

    // And no table holds a ciphertext of the old epoch.
    const ciphertexts = [...secrets, ...kept.recovery_data === null ? [] : [kept.recovery_data]];
    assert.ok(ciphertexts.length > 0);
    for (const ciphertext of ciphertexts) {
      assert.deepEqual(await tablesWith(ciphertext), [], `${ciphertext.slice(0, 64)}…`);
    }
  });
}

/** Every change of one field, by where it is. */
function* changesOf(value: unknown, path = ""): Generator<[string, unknown]> {
  if (typeof value === "string") {
    yield [`${path} (its end)`, otherHex(value)];
    yield [
      `${path} (its middle)`,
      value.slice(0, value.length / 2) + otherHex(value.slice(0, value.length / 2 + 1)).at(-1) +
      value.slice(value.length / 2 + 1),
    ];
    yield [`${path} (longer)`, `${value} `];
  } else if (typeof value === "number") {
    yield [path, value + 1];
  } else if (value === null) {
    yield [path, "00"];
  } else if (Array.isArray(value)) {
    yield [`${path} (shorter)`, value.slice(1)];
    yield [`${path} (in another order)`, value.toReversed()];
    for (const [i, part] of value.entries()) {
      for (const [where, changed] of changesOf(part, `${path}.${i}`)) {
        yield [where, value.with(i, changed)];
      }
    }
  } else if (typeof value === "object") {
    for (const [name, part] of Object.entries(value)) {
      const { [name]: _, ...rest } = Object(value);
      if (part !== null) yield [`${path}.${name} (missing)`, rest];
      for (const [where, changed] of changesOf(part, `${path}.${name}`)) {
        yield [where, { ...value, [name]: changed }];
      }
    }
  }
}

/** What a ceremony's messages will hold of shares, encrypted. */
async function secretsOf(ceremony: HandmadeCeremony): Promise<string[]> {
  const { terms } = await ceremony.view();
  if (terms.protocol === "chilldkg") {
    const messages = await Promise.all(NAMES.map((name) => ceremony.message(name, 1)));
    await ceremony.playTo(2);
    const { coordinatorMessages } = await ceremony.view();
    return [...messages.map(({ message }) => String(message)), ...coordinatorMessages];
  }
  await ceremony.playTo(3);
  const { rounds } = await ceremony.state();
  return rounds.flatMap((round) =>
    [...round.values()].flatMap(({ payload }) => Object.values(payload.ciphertexts ?? {}))
  );
}

/** The tables with a row that holds this text. */
async function tablesWith(text: string): Promise<string[]> {
  const { sql } = stack().database;
  const tables = await sql<{ table: string }[]>`
    select format('%I.%I', schemaname, tablename) as table from pg_tables
    where schemaname in ('public', 'permafrost') order by 1`;
  const found: string[] = [];
  for (const { table } of tables) {
    const [{ count }] = await sql.unsafe<{ count: number }[]>(
      `select count(*)::int as count from ${table} as t where strpos(t::text, $1) > 0`,
      [text],
    );
    if (count > 0) found.push(table);
  }
  return found;
}
