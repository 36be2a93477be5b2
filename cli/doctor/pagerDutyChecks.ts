import { RemoteError } from "../../functions/gate/ports/index.ts";
import { checks, type Check } from "./check.ts";
import { accepted, notGiven, refused, type CredentialNames } from "./credentialCheck.ts";
import type { PagerDutyReader, PagerDutyUser } from "./pagerDutyReader.ts";
import type { Credential, GatedService, KnownService, Subject } from "./subject.ts";

/** Whoever has one of these roles may look, and nothing more. */
const LOOKING_ROLES: readonly string[] = ["observer", "read_only_user", "read_only_limited_user"];

/** `usable`: PagerDuty can be read with it. */
export async function tokenCheck(
  reader: PagerDutyReader,
  subject: Subject,
  token: Credential,
): Promise<{ check: Check; usable: boolean }> {
  const names = tokenNames(subject);
  try {
    await reader.abilities();
    return { check: accepted(subject, names, token), usable: true };
  } catch (error) {
    const check = refused(subject, names, token, {
      error,
      renew:
        "make a new API token and set it with `pulumi config set --secret pagerdutyToken`; EU accounts need PAGERDUTY_API_URL",
      reach: "check PAGERDUTY_API_URL and the network",
    });
    return { check, usable: false };
  }
}

export function noToken(subject: Subject): Check {
  return notGiven(subject, tokenNames(subject), ", so nothing in PagerDuty was looked at");
}

function tokenNames({ pagerDuty: { apiUrl } }: Subject): CredentialNames {
  return { check: "pagerduty.token", what: "token", variable: "PAGERDUTY_TOKEN", apiUrl };
}

/** Whether `From` is somebody who may act, and whose token this is. */
export async function fromChecks(
  reader: PagerDutyReader,
  from: string | null,
): Promise<{ user: PagerDutyUser | null; checks: Check[] }> {
  const { ok, warn, fail } = checks("pagerduty.from");
  if (from === null) {
    return {
      user: null,
      checks: [warn("not checked: it is not known", "set PAGERDUTY_FROM or --pagerduty-from")],
    };
  }
  const user = await reader.userByEmail(from);
  if (user === null) {
    return {
      user,
      checks: [
        fail(
          `no user of the account has the address ${from}`,
          "make a user for the gate in PagerDuty, and set `pagerdutyFrom` to its address",
        ),
      ],
    };
  }
  const name = `${user.name ?? user.id} (${from})`;
  const role = user.role ?? "unknown";
  const found: Check[] = [
    LOOKING_ROLES.includes(role)
      ? fail(`${name} has the role ${role} and may not act`, "give it the role of a responder")
      : ok(`${name}, role ${role}`),
  ];
  try {
    const me = await reader.me();
    if (me.id !== user.id) {
      found.push(
        checks("pagerduty.owner").warn(
          `the token belongs to ${me.name ?? me.id}, not to ${name}`,
          "use a token of the gate's own user: invocations are told under the token's user",
        ),
      );
    }
  } catch (error) {
    if (!(error instanceof RemoteError) || error.status !== 400) {
      throw error;
    }
    // An account's token has no user.
    found.push(
      checks("pagerduty.owner").warn(
        "the token is the account's, not a user's: it may do everything",
        "use a token of the gate's own user",
      ),
    );
  }
  return { user, checks: found };
}

/** Whether PagerDuty has every gated service. */
export async function serviceChecks(
  reader: PagerDutyReader,
  services: readonly GatedService[],
): Promise<{ services: KnownService[]; checks: Check[] }> {
  const known: KnownService[] = [];
  const found: Check[] = [];
  for (const service of services) {
    const { fail, warn } = checks("pagerduty.service", service.key);
    // Renamed since, it is found by its id alone.
    const named = await reader.findService(service.serviceId ?? service.key);
    const full = named === null ? null : await reader.service(named.id);
    if (full === null) {
      found.push(
        fail(
          "PagerDuty has no service of that name or id",
          "correct its name in the gating, or take it out",
        ),
      );
      continue;
    }
    const twin = known.find(({ id }) => id === full.id);
    if (twin !== undefined) {
      found.push(
        warn(`is the same service as "${twin.key}" (${full.id})`, "list it once in the gating"),
      );
      continue;
    }
    known.push({
      ...service,
      id: full.id,
      name: full.name,
      teamIds: (full.teams ?? []).map(({ id }) => id),
      escalationPolicyId: full.escalation_policy?.id ?? null,
    });
  }
  if (found.length === 0 && known.length > 0) {
    found.push(checks("pagerduty.service").ok(`all gated services exist: ${known.length}`));
  }
  return { services: known, checks: found };
}
