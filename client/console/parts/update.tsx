/**
 * The shell that works offline: it says when it is outdated, and updates when told.
 *
 * @module
 */
import { useEffect, useState } from "preact/hooks";

/** Says that there is a newer version, and takes it when pressed. */
export function UpdateNotice() {
  const [waiting, setWaiting] = useState<ServiceWorker>();
  const [differ, setDiffer] = useState(false);
  useEffect(() => {
    if (!("serviceWorker" in navigator)) return;
    const { serviceWorker } = navigator;
    serviceWorker.addEventListener("message", ({ data }) => setDiffer(data === "files differ"));
    void (async () => {
      const registration = await serviceWorker.register("./service_worker.js");
      const look = () => {
        setWaiting(registration.waiting ?? undefined);
        if (registration.waiting !== null) setDiffer(false);
      };
      look();
      registration.addEventListener(
        "updatefound",
        () => registration.installing?.addEventListener("statechange", look),
      );
    })().catch(() => {});
  }, []);
  if (differ) {
    return (
      <p class="notice bad" role="alert">
        The host of this page has files that are not those of its build. {navigator.serviceWorker
            .controller === null
          ? "What you see may be of them: do not go on."
          : "This page goes on with what it has, and takes none of them."}{" "}
        Tell the operators, if it stays so.
      </p>
    );
  }
  if (waiting === undefined) return null;
  const update = () => {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload());
    waiting.postMessage("update");
  };
  return (
    <p class="notice" role="status">
      This page is outdated. <button type="button" onClick={update}>Update</button>
    </p>
  );
}
