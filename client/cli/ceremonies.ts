/**
 * Ceremonies at the terminal.
 *
 * @module
 */
import { type Command } from "commander";
import type { SupabaseClient } from "@supabase/supabase-js";
import {
  type CeremonyTerms,
  keyPackageDigest,
  paramsIdOf,
} from "../../supabase/functions/_shared/ceremony/terms.ts";
import { approveKeyPackage, readKeyStatus, startCeremony } from "../ceremonies/calls.ts";
import { Ceremony } from "../ceremonies/ceremony.ts";
import { hostKeyFingerprint } from "../ceremonies/host_key.ts";
import { membersOf, warningsOf } from "../ceremonies/pins.ts";
import { checkReadiness } from "../ceremonies/readiness.ts";
import { type CeremonyView, readCeremony } from "../ceremonies/reading.ts";
import { startRollCall } from "../ceremonies/roll_call.ts";
import { wordsOf } from "../presentation/fingerprint.ts";
import { inLine } from "../presentation/session_text.ts";
import type { Doing } from "./action.ts";
import { agree } from "./ask.ts";
import { openDevice } from "./context.ts";
import { whole } from "./numbers.ts";
import { columns, lines } from "./output.ts";
import { must, STATUS, Stop } from "./stop.ts";

/** Adds the commands. */
export function addCeremonies(program: Command, doing: Doing): void {
  const ceremony = program.command("ceremony").description("make a key, or deal it anew");

  ceremony.command("start")
    .description("ask guardians to make a key, or to deal the current one anew")
    .requiredOption("--threshold <number>", "how many sign", whole(1))
    .requiredOption("--participants <ids>", "who gets a share, with commas between", list)
    .option("--dealers <ids>", "deal the current key anew: who deals", list)
    .option("--protocol <name>", "chilldkg or pedersen")
    .option("--ciphersuite <name>", "by its name in RFC 9591")
    .action((options: {
      threshold: number;
      participants: string[];
      dealers?: string[];
      protocol?: "chilldkg" | "pedersen";
      ciphersuite?: CeremonyView["terms"]["ciphersuite"];
    }) =>
      doing(async (output) => {
        const device = openDevice();
        const { familyId, participantId } = await device.settings();
        const kind = options.dealers === undefined ? "dkg" : "reshare";
        const started = must(
          await startCeremony(await device.client(), { familyId, kind, ...options }, {
            participantId,
          }),
        );
        output.result(
          { ...started },
          [
            `Ceremony ${started.ceremonyId}`,
            `All compare: ${started.paramsId}`,
            `Each joins: permafrost ceremony join ${started.ceremonyId} --params-id ${started.paramsId}`,
          ].join("\n"),
        );
      })
    );

  ceremony.command("show")
    .description("where a ceremony stands, and the fingerprints to compare")
    .argument("<id>")
    .action((id: string) =>
      doing(async (output) => {
        const view = await readTrue(await openDevice().client(), id);
        output.result(
          { ceremony: { ...view }, warnings: warningsOf(view.terms) },
          [
            lines([
              stateOf(view),
              ...termsText(view.terms),
              `params_id ${view.paramsId}`,
              `In words: ${wordsOf(view.paramsId).join(" ")}`,
            ]),
            columns(
              membersOf(view.terms).map(([name, key]) => [name, hostKeyFingerprint(key)]),
            ),
          ].join("\n"),
        );
      })
    );

  ceremony.command("join")
    .description("take part until it is over; may be stopped and run again")
    .argument("<id>")
    .requiredOption("--params-id <hex>", "as it was compared with the others")
    .action((id: string, { paramsId }: { paramsId: string }) =>
      doing(async (output) => {
        const device = openDevice();
        const { familyId, participantId } = await device.settings();
        const supabase = await device.client();
        const hostKey = await device.hostKey();
        const store = await device.ceremonies();
        const pin = { paramsId };
        const known = await store.read(id, "finished");
        if (known !== undefined && await store.read(id, "decided") === undefined) {
          output.result(
            { epoch: null, hasShare: known.outcome === "active" },
            "This device has been through this ceremony; what it got is kept",
          );
          return;
        }
        if (known === undefined) {
          const checks = await checkReadiness(id, pin, { supabase, hostKey, participantId, store });
          const wrong = checks.filter(({ ok }) => !ok);
          if (wrong.length > 0) {
            throw new Stop(wrong.map(({ what }) => what).join("\n"), { code: "not_ready" });
          }
          // What is said is of what was compared, and nothing else is joined.
          const view = await readTrue(supabase, id);
          if (view.paramsId !== paramsId) {
            throw new Stop("The ceremony is not the one that was compared", {
              code: "ceremony_mismatch",
            });
          }
          for (const line of termsText(view.terms)) output.progress(line);
        }
        const joined = must(
          await Ceremony.join(id, pin, {
            supabase,
            hostKey,
            familyId,
            participantId,
            store,
            keyShare: (await device.newestShare())?.keyShare,
            onProgress: (view) => output.progress(stateOf(view)),
          }),
        );
        if (joined.keyShare !== undefined && joined.epoch !== undefined) {
          await device.keepShare(joined.keyShare, joined.epoch);
        }
        await Ceremony.forget(id, store);
        output.result(
          { epoch: joined.epoch ?? null, hasShare: joined.keyShare !== undefined },
          joined.keyShare === undefined
            ? "Dealt. This device gets no share"
            : `The share of epoch ${joined.epoch} is on this device`,
        );
      })
    );

  ceremony.command("approve")
    .description("let the key of a confirming ceremony take the current one's place")
    .argument("<id>")
    .requiredOption(
      "--digest <hex>",
      "of the new key package, as it was compared with its guardians",
    )
    .option("--yes", "do not ask")
    .action((id: string, { digest, yes }: { digest: string; yes?: boolean }) =>
      doing(async (output) => {
        const device = openDevice();
        const { familyId, participantId } = await device.settings();
        const supabase = await device.client();
        const { ceremony: { keyPackage } } = must(await readCeremony(supabase, id));
        // What is signed is computed here, from the package; the digest is what people have compared.
        if (keyPackage === null || keyPackageDigest(keyPackage) !== digest) {
          throw new Stop("The ceremony's key package is not the one that was compared");
        }
        if (!yes && !await agree("Let this key take the place of the current one?")) {
          throw new Stop("Not approved", { code: "not_approved", status: STATUS.declined });
        }
        const hostKey = await device.hostKey();
        const approved = must(
          await approveKeyPackage(supabase, familyId, participantId, hostKey, keyPackage),
        );
        output.result({ ...approved }, `${approved.approvalsMissing} approvals are missing`);
      })
    );

  program.command("roll-call")
    .description("ask every guardian for one signature, to see that all can")
    .action(() =>
      doing(async (output) => {
        const device = openDevice();
        const { familyId } = await device.settings();
        const supabase = await device.client();
        const { status: { keyPackage } } = must(await readKeyStatus(supabase, familyId));
        const { sessionId } = must(await startRollCall(supabase, familyId, keyPackage));
        output.result({ sessionId }, `Each approves: permafrost approve ${sessionId}`);
      })
    );
}

const list = (text: string) =>
  text.split(",").map((part) => part.trim()).filter((part) => part !== "");

/** A ceremony whose terms are those of its params_id: what people compare must be of what stands beside it. */
async function readTrue(supabase: SupabaseClient, id: string): Promise<CeremonyView> {
  const { ceremony } = must(await readCeremony(supabase, id));
  if (ceremony.terms.ceremonyId === id && paramsIdOf(ceremony.terms) === ceremony.paramsId) {
    return ceremony;
  }
  throw new Stop("The server contradicts itself about this ceremony: take no part in it", {
    code: "coordinator_faulty",
  });
}

/** What the ceremony makes, and what has to be said loudly of it. */
function termsText(terms: CeremonyTerms): string[] {
  const { threshold, participants, dealers } = terms;
  return [
    `Any ${threshold} of ${inLine(participants.join(", "))} sign together`,
    ...(dealers === null ? [] : [`Dealt anew by ${inLine(dealers.join(", "))}`]),
    ...warningsOf(terms).map((warning) => `WARNING: ${inLine(warning)}`),
  ];
}

function stateOf({ status, round, missing, approvalsMissing, errorMessage }: CeremonyView): string {
  if (status === "failed") return `failed: ${inLine(errorMessage ?? "")}`;
  if (round === null) return status;
  if (missing.length > 0) return `${status}: waiting for ${inLine(missing.join(", "))}`;
  return approvalsMissing > 0
    ? `${status}: waiting for ${approvalsMissing} guardians of the current key to approve`
    : status;
}
