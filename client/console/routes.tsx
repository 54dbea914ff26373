/**
 * Which of the pages is shown, by the part of the address behind `#`.
 *
 * @module
 */
import type { ComponentChildren } from "preact";
import { useEffect, useErrorBoundary, useRef, useState } from "preact/hooks";
import { reasonOf } from "../answers.ts";
import type { Account } from "./account.ts";
import type { FamilyDesk } from "./family_desk.ts";
import { Ceremonies } from "./pages/ceremonies.tsx";
import { CeremonyPage } from "./pages/ceremony.tsx";
import { DevicePage } from "./pages/device.tsx";
import { Family } from "./pages/family.tsx";
import { Inbox } from "./pages/inbox.tsx";
import { Operators } from "./pages/operators.tsx";
import { Session, Sessions } from "./pages/sessions.tsx";
import { Page, Problem } from "./parts/basics.tsx";

/** What a server or a member says may be such that it cannot be shown: the other pages go on. */
function Contained({ children }: { children: ComponentChildren }) {
  const [error, again] = useErrorBoundary();
  if (error === undefined) return <>{children}</>;
  return (
    <Page title="This cannot be shown">
      <Problem of={{ code: "coordinator_faulty", error: reasonOf(error) }} />
      <p class="acts">
        <button type="button" onClick={again}>Try again</button>
      </p>
    </Page>
  );
}

/** The page of the route, of this family. */
export function Routes(
  { account, family, name, onLock }: {
    account: Account;
    family: FamilyDesk;
    name: string;
    onLock: () => void;
  },
) {
  const [page, id] = useRoute();
  const main = useRef<HTMLElement>(null);
  // A screen reader is told of the new page by its heading.
  useEffect(() => main.current?.querySelector("h1")?.focus(), [page, id]);
  const props = { account, family };
  return (
    <main id="main" ref={main} tabIndex={-1}>
      <Contained key={`${page} ${id}`}>
        {page === "sessions"
          ? id === undefined ? <Sessions {...props} /> : <Session {...props} id={id} />
          : page === "ceremonies"
          ? id === undefined ? <Ceremonies {...props} /> : <CeremonyPage {...props} id={id} />
          : page === "family"
          ? <Family {...props} />
          : page === "device"
          ? <DevicePage {...props} name={name} onLock={onLock} />
          : page === "operators"
          ? <Operators account={account} />
          : <Inbox {...props} />}
      </Contained>
    </main>
  );
}

/** The page and what it is about, of `#/sessions/<id>`. */
export function useRoute(): [string, string | undefined] {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    // A link within the page, as to its main part, is no other page.
    const moved = () => {
      if (location.hash.startsWith("#/")) setHash(location.hash);
    };
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);
  const [, page = "inbox", id] = hash.split("/");
  return [page, id === undefined ? undefined : decoded(id)];
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
