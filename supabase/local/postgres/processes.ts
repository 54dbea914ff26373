import { basename } from "node:path";

/**
 * A process, told apart from a later one with the same id by the moment it started.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly started: string;
}

/**
 * Names the set of processes that can be seen from here: the boot of this machine, and the container.
 * Process ids of another realm mean nothing in this one.
 */
export async function processRealm(): Promise<string> {
  if (Deno.build.os !== "linux") return Deno.hostname();
  const boot = await Deno.readTextFile("/proc/sys/kernel/random/boot_id").catch(() => "");
  const namespace = await Deno.readLink("/proc/self/ns/pid").catch(() => "");
  return `${boot.trim()} ${namespace}`;
}

/** Identifies a running process; `undefined` if there is none, or only its corpse. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const found = Deno.build.os === "linux"
    ? await readProc(pid)
    : (await listFromPs()).find((process) => process.pid === pid);
  return found && { pid, started: found.started };
}

/** Whether exactly this process still runs. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  return (await identify(identity.pid))?.started === identity.started;
}

/** Ends a process and its children with SIGKILL, and returns when all of them are gone. */
export async function killFamily(parent: ProcessIdentity): Promise<void> {
  if (!(await isRunning(parent))) return;
  // Else a child that is born between the list and the signals is on nobody's list, and outlives them all.
  signal(parent.pid, "SIGSTOP");
  const family = await untilStopped(parent);
  for (const { pid } of family) signal(pid, "SIGKILL");
  await untilGone(family);
}

/** The process and its children, once it can have no more of them. */
async function untilStopped(parent: ProcessIdentity): Promise<ListedProcess[]> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    const processes = await listProcesses();
    const own = processes.find(({ pid, started }) =>
      pid === parent.pid && started === parent.started
    );
    if (own === undefined) return processes.filter(({ parentPid }) => parentPid === parent.pid);
    if (own.stopped) {
      // Stopped before it was seen so: this list is complete.
      const children = await listProcesses();
      return [own, ...children.filter(({ parentPid }) => parentPid === parent.pid)];
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error(`Process ${parent.pid} did not stop.`);
}

function signal(pid: number, name: Deno.Signal): void {
  try {
    Deno.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * The processes that did nothing but launch this one (`npx`, its shell, `deno task`), nearest first.
 */
export async function launchers(): Promise<ProcessIdentity[]> {
  const processes = await listProcesses();
  const found: ProcessIdentity[] = [];
  let between: ProcessIdentity[] = [];
  let pid = Deno.ppid;
  for (;;) {
    const { parentPid, command, started } = processes.find((process) => process.pid === pid) ?? {};
    if (parentPid === undefined || command === undefined || started === undefined) return found;
    const line = await commandLine(pid);
    const name = basename(command);
    if (/^(deno|node|npm|npx)/.test(name) && /\bdeno\b/.test(line)) {
      found.push(...between, { pid, started });
      between = [];
    } else if (/^(sh|dash|bash)$/.test(name) && /\bdeno\b/.test(line)) {
      // A launcher only if npx is above it. Else it is the caller's, and may end before this does.
      between.push({ pid, started });
    } else {
      return found;
    }
    pid = parentPid;
  }
}

async function commandLine(pid: number): Promise<string> {
  if (Deno.build.os === "linux") {
    const words = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
    return words.replaceAll("\0", " ");
  }
  const { stdout } = await new Deno.Command("ps", {
    args: ["-o", "command=", "-p", String(pid)],
  }).output();
  return new TextDecoder().decode(stdout);
}

async function untilGone(family: readonly ProcessIdentity[]): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    const alive = await listProcesses();
    const left = family.some(({ pid, started }) =>
      alive.some((process) => process.pid === pid && process.started === started)
    );
    if (!left) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const left = family.map(({ pid }) => pid).join(", ");
  throw new Error(`Of the processes ${left} one is still there after SIGKILL.`);
}

interface ListedProcess extends ProcessIdentity {
  readonly parentPid: number;
  readonly command: string;
  readonly stopped: boolean;
}

async function listProcesses(): Promise<ListedProcess[]> {
  return Deno.build.os === "linux" ? await listFromProc() : await listFromPs();
}

async function listFromProc(): Promise<ListedProcess[]> {
  const found: ListedProcess[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    const process = /^\d+$/.test(name) ? await readProc(Number(name)) : undefined;
    if (process !== undefined) found.push(process);
  }
  return found;
}

async function readProc(pid: number): Promise<ListedProcess | undefined> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
  const command = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
  // The command may itself hold spaces and parentheses; what follows the last one is plain.
  const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const started = rest[17];
  if (started === undefined || state === "Z" || state === "X") return undefined;
  return { pid, parentPid: Number(parent), command, started, stopped: state === "T" };
}

async function listFromPs(): Promise<ListedProcess[]> {
  const { stdout } = await new Deno.Command("ps", {
    args: ["-A", "-o", "pid=,ppid=,stat=,lstart=,comm="],
    env: { LC_ALL: "C" },
  }).output();
  const lines = new TextDecoder().decode(stdout).split("\n");
  return lines.flatMap((line) => {
    const [pid, parentPid, state, ...rest] = line.trim().split(/\s+/);
    if (rest.length < 6 || state.startsWith("Z")) return [];
    const started = rest.slice(0, 5).join(" ");
    const command = rest.slice(5).join(" ");
    const stopped = state.startsWith("T");
    return [{ pid: Number(pid), parentPid: Number(parentPid), command, started, stopped }];
  });
}
