/**
 * The family: its key, its guardians, and what each device can do.
 *
 * @module
 */
import { useEffect, useState } from "preact/hooks";
import { listHostKeys, readKeyStatus } from "../../ceremonies/calls.ts";
import { startRollCall } from "../../ceremonies/roll_call.ts";
import { marked } from "../../presentation/session_text.ts";
import { success } from "../../result.ts";
import { listPackages, type PackageHistory } from "../../sessions/key_packages.ts";
import type { Account } from "../account.ts";
import type { FamilyDesk } from "../family_desk.ts";
import { Act, Page, Problem, sentenceOf, When } from "../parts/basics.tsx";
import { HostKeyFingerprint } from "../parts/fingerprints.tsx";
import { usePolled } from "../parts/polled.ts";

interface Props {
  readonly account: Account;
  readonly family: FamilyDesk;
}

/** The family. */
export function Family({ account, family }: Props) {
  const { supabase } = account;
  const { familyId, participantId } = family;
  const { data, problem } = usePolled(async (signal) => {
    const listed = await listHostKeys(supabase, familyId, { signal });
    if (!listed.success) return listed;
    const status = await readKeyStatus(supabase, familyId, { signal });
    if (!status.success && status.code !== "no_key_package") return status;
    const packages = await listPackages(supabase, familyId, { signal });
    if (!packages.success) return packages;
    const hostKeys = listed.hostKeys.filter(({ retiredAt }) => retiredAt === null);
    return success({ hostKeys, ...packages, status: status.success ? status.status : undefined });
  }, [familyId]);
  const share = family.share.value;
  const status = data?.status;
  const isCurrent = status !== undefined && share !== undefined &&
    status.keyPackage.verifying_shares.join() === share.keyShare.verifying_shares.join();
  return (
    <Page title="Family">
      <p>
        You are <strong>{marked(participantId)}</strong> of <strong>{marked(familyId)}</strong>.
      </p>
      <Problem of={problem} />
      {family.registration.value === "another key" ? <TakeOver family={family} /> : null}
      {data !== undefined && status === undefined
        ? (
          <p>
            This family has no key yet. It is made in a <a href="#/ceremonies">ceremony</a>.
          </p>
        )
        : null}
      {status === undefined ? null : (
        <>
          <p>
            {isCurrent
              ? `This device has your share of the current key (epoch ${share.epoch}).`
              : status.keyPackage.participants.includes(participantId)
              ? "This device does not have your share of the current key."
              : "You hold no share of the current key."}
          </p>
          {isCurrent || !status.keyPackage.participants.includes(participantId)
            ? null
            : (
              <p class="acts">
                <Act kind="main" work={() => sentenceOf(family.recover())}>Get my share back</Act>
              </p>
            )}
        </>
      )}
      <h2>Guardians</h2>
      {data?.hostKeys.map(({ participantId: name, hostPublicKey }) => {
        const guardian = status?.guardians.find((one) => one.participantId === name);
        return (
          <article key={name} aria-label={marked(name)}>
            <h3>{marked(name)}{name === participantId ? " (you)" : ""}</h3>
            <HostKeyFingerprint
              hostPublicKey={name === participantId ? family.hostKey.publicKey : hostPublicKey}
            />
            {name === participantId
              ? <p class="dim">Read these digits to the others.</p>
              : <Compared {...{ family, name, hostPublicKey }} />}
            {guardian === undefined
              ? <p class="dim">Holds no share of the current key.</p>
              : (
                <p class="dim">
                  {guardian.lastProvedAt === null ? "Has not signed with its share yet." : (
                    <>
                      Last proved able to sign <When at={guardian.lastProvedAt} />.
                    </>
                  )} Has prepared {guardian.pooled} answers ahead.
                </p>
              )}
          </article>
        );
      })}
      {status === undefined ? null : (
        <p class="acts">
          <Act
            work={() => sentenceOf(startRollCall(account.supabase, familyId, status.keyPackage))}
          >
            Ask everybody to prove that they can sign
          </Act>
        </p>
      )}
      <Epochs packages={data?.packages ?? []} />
    </Page>
  );
}

function Compared(
  { family, name, hostPublicKey }: { family: FamilyDesk; name: string; hostPublicKey: string },
) {
  const [compared, setCompared] = useState<ReadonlyMap<string, string>>();
  // What its person has heard are the digits that stood here first.
  const [shown] = useState(hostPublicKey);
  const { device, familyId } = family;
  const look = async () => setCompared(await device.compared(familyId));
  useEffect(() => void look(), []);
  if (compared === undefined) return null;
  const known = compared.get(name);
  if (known === hostPublicKey) return <p>You have compared these digits.</p>;
  const note = async () => {
    await device.noteCompared(familyId, name, shown);
    await look();
  };
  return (
    <>
      {known === undefined ? null : (
        <p class="notice bad" role="alert">
          This is another key than the one that you have compared. Ask {marked(name)}{" "}
          whether they have a new device.
        </p>
      )}
      {shown === hostPublicKey
        ? (
          <p class="acts">
            <Act work={note}>{marked(name)} has read me these digits</Act>
          </p>
        )
        : (
          <p class="notice bad" role="alert">
            These digits have changed while you looked. Come back to this page, and hear them again.
          </p>
        )}
    </>
  );
}

function TakeOver({ family }: { family: FamilyDesk }) {
  return (
    <div class="notice bad">
      <p>
        The family knows another device as yours. If you have lost that one, let this one take its
        place: the others will see it, and should ask you. If you have not, another person may be
        acting in your name.
      </p>
      <p class="acts">
        <Act kind="bad" work={() => sentenceOf(family.takeOver())}>
          Let this device take its place
        </Act>
      </p>
    </div>
  );
}

/** What the family's keys went through, in plain words. */
function Epochs({ packages }: { packages: readonly PackageHistory[] }) {
  if (packages.length === 0) return null;
  return (
    <>
      <h2>Keys</h2>
      {packages.map(({ epoch, threshold, participants, created_at, retired_at, exposed_at }) => (
        <article key={epoch} aria-label={`Epoch ${epoch}`}>
          <h3>
            Epoch {epoch}: any {threshold} of {marked(participants.join(", "))}
          </h3>
          <p>
            Since <When at={created_at} />
            {retired_at === null ? ". This is the current one." : (
              <>
                . Retired{" "}
                <When at={retired_at} />: it signs no more, and what was open under it has ended.
              </>
            )}
          </p>
          {exposed_at === null ? null : (
            <p class="notice bad">
              Exposed{" "}
              <When at={exposed_at} />: in a recovery this key was put together on one device, which
              can sign alone since. Make another key.
            </p>
          )}
        </article>
      ))}
    </>
  );
}
