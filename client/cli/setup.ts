/**
 * A guardian's device: making it, logging in, looking whether all is well, and getting a share back.
 *
 * @module
 */
import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { listHostKeys, registerHostKey } from "../ceremonies/calls.ts";
import { HostKey } from "../ceremonies/host_key.ts";
import { fromPaper, toPaper } from "../ceremonies/paper.ts";
import { readRecoveryData, recoverCurrentShare, recoverKeyShare } from "../ceremonies/recovery.ts";
import { qrSheet } from "../presentation/qr_sheet.ts";
import { readCurrentKeyPackage } from "../sessions/key_packages.ts";
import type { Doing } from "./action.ts";
import { ask, canAsk, secret } from "./ask.ts";
import { newDevice, openDevice } from "./context.ts";
import { membershipsIn } from "./device.ts";
import { jsonIn, textIn } from "./files.ts";
import { columns, type Output } from "./output.ts";
import { must, STATUS, Stop } from "./stop.ts";

interface InitOptions {
  readonly url: string;
  readonly key: string;
  readonly family: string;
  readonly name: string;
  readonly restore?: boolean;
}

/** Adds the commands. */
export function addDevice(program: Command, doing: Doing): void {
  program.command("init")
    .description("make this device a guardian's: a host key, and its 24 words, shown once")
    .requiredOption("--url <url>", "of the project")
    .requiredOption("--key <key>", "the project's publishable key")
    .requiredOption("--family <id>", "the family")
    .requiredOption("--name <id>", "who this guardian is in it")
    .option("--restore", "take the key of 24 words that are on paper")
    .action((options: InitOptions) =>
      doing(async (output) => {
        const device = await newDevice();
        const hostKey = options.restore
          ? HostKey.fromWords(await secret("The 24 words", "PERMAFROST_WORDS_FILE"))
          : HostKey.generate();
        const settings = {
          url: options.url,
          publishableKey: options.key,
          familyId: options.family,
          participantId: options.name,
        };
        await device.create(settings, hostKey);
        const { words } = hostKey;
        if (!options.restore) {
          output.show([
            "Write these 24 words on paper. They are shown once; whoever has them has your shares.",
            "",
            numbered(words.split(" ")),
            "",
          ].join("\n"));
          await confirmWords(hostKey, output);
        }
        output.result(
          {
            folder: device.folder,
            fingerprint: hostKey.fingerprint,
            ...(options.restore ? {} : { words }),
          },
          [
            `Fingerprint, to be read to the others: ${hostKey.fingerprint}`,
            `This device is ${options.name} of ${options.family}. Next: permafrost login`,
          ].join("\n"),
        );
      })
    );

  program.command("login")
    .description("log in by e-mail and password, or with an access token; registers the host key")
    .option("--email <address>", "of the account")
    .option("--token-file <path>", "a file with an access token")
    .option(
      "--take-over",
      "let this device take the place of another that the family knows as yours",
    )
    .action((options: { email?: string; tokenFile?: string; takeOver?: boolean }) =>
      doing(async (output) => {
        const device = openDevice();
        if (options.tokenFile !== undefined) {
          await device.keepToken(await textIn(options.tokenFile));
        } else {
          const email = options.email ?? await ask("E-mail");
          await device.logIn(email, await secret("Password", "PERMAFROST_PASSWORD_FILE"));
        }
        const { familyId, participantId } = await device.settings();
        const hostKey = await device.hostKey();
        const supabase = await device.client();
        // A key that is replaced is retired for good, and its words with it.
        const { hostKeys } = must(await listHostKeys(supabase, familyId));
        const known = hostKeys.find((key) =>
          key.participantId === participantId && key.retiredAt === null
        );
        const isOther = known !== undefined && known.hostPublicKey !== hostKey.publicKey;
        if (isOther && options.takeOver !== true) {
          throw new Stop(
            `The family knows another device as ${participantId}'s. If its 24 words are on your paper, erase ${device.folder} ` +
              'and run "permafrost init --restore". If they are lost: permafrost login --take-over',
            { code: "another_device" },
          );
        }
        must(await registerHostKey(supabase, familyId, participantId, hostKey));
        output.result({ familyId, participantId }, `Logged in as ${participantId} of ${familyId}`);
      })
    );

  program.command("whoami")
    .description("who the login says that you are")
    .action(() =>
      doing(async (output) => {
        const device = openDevice();
        const { familyId, participantId } = await device.settings();
        const memberships = await membershipsIn(device);
        output.result(
          { familyId, participantId, memberships },
          columns([
            ["This device", `${participantId} of ${familyId}`],
            ...Object.entries(memberships).map((
              [family, who],
            ) => ["The login", `${who} of ${family}`]),
          ]),
        );
        return memberships[familyId] === participantId ? STATUS.done : STATUS.failed;
      })
    );

  program.command("recover")
    .description("get this guardian's share back, from the server or from a file, by its host key")
    .option(
      "--file <path>",
      "what `export` wrote, or a line for each QR code of it; no server is asked",
    )
    .action((options: { file?: string }) =>
      doing(async (output) => {
        const device = openDevice();
        const hostKey = await device.hostKey();
        const { familyId, participantId } = await device.settings();
        const { keyShare, epoch, familyId: family } = options.file === undefined
          ? must(await recoverCurrentShare(await device.client(), familyId, hostKey))
          : recoverKeyShare(hostKey, await exportIn(options.file));
        if (family !== familyId) throw new Stop(`The share is of ${family}, not of ${familyId}`);
        if (keyShare.participant_id !== participantId) {
          throw new Stop(`The words are of ${keyShare.participant_id}, not of ${participantId}`);
        }
        await device.keepShare(keyShare, epoch);
        output.result(
          { epoch, participantId: keyShare.participant_id },
          `The share of ${keyShare.participant_id} in epoch ${epoch} is back`,
        );
      })
    );

  program.command("export")
    .description(
      "write the recovery data of the current key to a file, and as QR codes to print: no secret, and for the guardians alone",
    )
    .argument("<path>", "the file; the codes go beside it, as .svg")
    .action((path: string) =>
      doing(async (output) => {
        const device = openDevice();
        const supabase = await device.client();
        const { familyId } = await device.settings();
        const { keyPackage } = must(await readCurrentKeyPackage(supabase, familyId));
        const { recoveryData } = must(await readRecoveryData(supabase, keyPackage.key_package_id));
        const texts = await toPaper(recoveryData);
        const { epoch } = recoveryData.key_package;
        const svg = qrSheet(texts, `${familyId}, epoch ${epoch}`);
        const sheet = `${path}.svg`;
        await writeFile(path, `${JSON.stringify(recoveryData)}\n`, { mode: 0o600, flag: "wx" });
        await writeFile(sheet, svg, { mode: 0o600, flag: "wx" });
        output.result(
          { path, sheet, texts },
          `Written to ${path}, and ${texts.length} QR codes to print to ${sheet}. Keep them with the words`,
        );
      })
    );
}

/** Asks for four of the words until they are right; where nobody can be asked, nobody is. */
async function confirmWords(hostKey: HostKey, output: Output): Promise<void> {
  if (!canAsk()) return;
  for (const place of hostKey.placesToConfirm()) {
    while (!hostKey.confirms(new Map([[place, await ask(`Word ${place}, from your paper`)]]))) {
      output.progress(`That is not word ${place}: look again, the words are still above`);
    }
  }
}

function numbered(words: readonly string[]): string {
  const cells = words.map((word, i) => `${String(i + 1).padStart(2)} ${word}`.padEnd(14));
  return Array.from({ length: 6 }, (_, row) => cells.slice(4 * row, 4 * row + 4).join("").trimEnd())
    .join("\n");
}

/** What a file holds of `export`: its JSON, or the texts of its QR codes. */
async function exportIn(path: string): Promise<unknown> {
  const text = await textIn(path);
  if (!text.startsWith("PERMAFROST")) return await jsonIn(path);
  return await fromPaper(text.split("\n").filter((line) => line !== ""));
}
