import * as aws from "@pulumi/aws";
import * as pagerduty from "@pulumi/pagerduty";
import * as pulumi from "@pulumi/pulumi";
import { GatingError, parseServiceGating, refuseUnheard } from "../functions/gate/gating/index.ts";
import { checkAwsSdk } from "./awsSdk.ts";
import { SERVICE_ARGUMENTS, checkNames } from "./argumentNames.ts";
import { tellChange } from "./gatingPreview.ts";
import { gatingItem, nameItem } from "./gatingRecord.ts";
import { mustReach } from "./pagerDutyAccess.ts";
import type { GateReference, ServiceGatingArgs } from "./serviceGatingArgs.ts";
import { belongsTo, checked, flag, isPlain, later, refuse, shown } from "./inputs.ts";

/** One PagerDuty service's gating, in effect as soon as it is deployed and without touching the gate itself. */
export class ServiceGating extends pulumi.ComponentResource {
  /** Id of the PagerDuty service. */
  readonly serviceId: pulumi.Output<string>;
  /** Name of the PagerDuty service. */
  readonly serviceName: pulumi.Output<string>;
  /** Routing key for manual tasks; secret, absent unless asked for. */
  readonly manualTaskKey?: pulumi.Output<string>;

  /** @param name The unique name of this component. */
  constructor(name: string, args: ServiceGatingArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pagerduty-approval-gate:index:ServiceGating", name, {}, opts);
    using _ = belongsTo(this);
    checkAwsSdk();
    checkNames(args, { ...SERVICE_ARGUMENTS });
    const parent = { parent: this };
    const service = identity(name, args, parent);
    const label = typeof args.service === "string" ? args.service : name;
    const gating = checkedServiceGating(
      label,
      args.gating,
      givenMember(args.gate, "subscribedEvents"),
    );
    // Whatever region this stack works in: the gate reads its own table only.
    const store = {
      tableName: gateMember(args.gate, "gatingTableName"),
      region: gateMember(args.gate, "region"),
      hashKey: "pk",
    };

    // What a component waits for its children do not wait for by themselves.
    const record = { ...parent, dependsOn: opts?.dependsOn ?? [] };
    const kept = pulumi
      .all([service, gating, givenMember(args.gate, "gatingForm")])
      .apply(([found, written, form]) => ({
        serviceId: found.id,
        item: gatingItem(found, written, form),
      }));
    new aws.dynamodb.TableItem(name, { ...store, item: kept.item }, record);
    new aws.dynamodb.TableItem(`${name}-name`, { ...store, item: service.apply(nameItem) }, record);
    tellChange(this, store, kept);

    this.serviceId = service.id;
    this.serviceName = service.name;
    if (flag("manualTaskIntegration", args.manualTaskIntegration ?? false)) {
      mustReach(name, this);
      this.manualTaskKey = pulumi.secret(
        new pagerduty.ServiceIntegration(
          name,
          {
            service: service.id,
            name: "Approval gate: manual tasks",
            type: "events_api_v2_inbound_integration",
          },
          { ...parent, additionalSecretOutputs: ["integrationKey"] },
        ).integrationKey,
      );
    }
    this.registerOutputs({
      serviceId: this.serviceId,
      serviceName: this.serviceName,
      manualTaskKey: this.manualTaskKey,
    });
  }
}

interface Identity {
  id: string;
  name: string;
}

/** PagerDuty's ids, of 7 or 14 characters; a service whose name looks like one is given as `pagerdutyService`. */
const ID = /^(P[A-Z0-9]{6}|Q[A-Z0-9]{13})$/;

/** Id and name of the service, looked up so that a typing mistake is found before anything changes. */
function identity(
  name: string,
  args: ServiceGatingArgs,
  opts: { parent: pulumi.Resource },
): pulumi.Output<Identity> {
  const { service, pagerdutyService } = args;
  if ((service === undefined) === (pagerdutyService === undefined)) {
    refuse("Exactly one of `service` and `pagerdutyService` must be given");
  }
  if (pagerdutyService !== undefined) {
    return pulumi.output({
      id: checked(pagerdutyService.id, (id) => givenText("id", id)),
      name: checked(pagerdutyService.name, (text) => givenText("name", text)),
    });
  }
  mustReach(name, opts.parent);
  // Whether it is an id is seen in its value, so that another stack's output can only be looked up once it is there.
  return isPlain(service)
    ? lookUp(name, service, opts)
    : pulumi.output(service).apply(later((text: unknown) => lookUp(name, text, opts)));
}

function givenText(member: string, text: unknown): string {
  return typeof text === "string" && text !== ""
    ? text
    : refuse(
        `\`pagerdutyService.${member}\` must be given, got ${shown(text)}; \`service\` takes an id or a name alone`,
      );
}

function lookUp(
  name: string,
  service: unknown,
  opts: { parent: pulumi.Resource },
): pulumi.Output<Identity> {
  if (typeof service !== "string" || service.trim() === "") {
    refuse(`\`service\` must be the name or id of a PagerDuty service, got ${shown(service)}`);
  }
  if (ID.test(service)) {
    const found = pagerduty.Service.get(name, service, undefined, opts);
    return pulumi.output({ id: found.id, name: found.name });
  }
  const fail = later((error: unknown) => {
    const told = error instanceof Error ? error.message : String(error);
    return refuse(
      `\`${name}\` cannot look the service ${shown(service)} up in PagerDuty: ${told.replace(/^invocation of \S+ returned an error: /, "")}`,
    );
  });
  const found = pagerduty.getService({ name: service }, opts).catch(fail);
  return pulumi.output(found).apply(({ id, name }) => ({ id, name }));
}

/** @param heard Event types that the gate is told of; anything else than a list of texts: nobody knows. */
export function checkedServiceGating(
  label: string,
  gating: ServiceGatingArgs["gating"],
  heard: pulumi.Input<unknown>,
): pulumi.Output<unknown> {
  if (gating === undefined) {
    refuse("`gating` must be given");
  }
  const check = (written: unknown, events: unknown): unknown => {
    refusing(() => {
      const parsed = parseServiceGating(label, written);
      if (isTexts(events)) {
        refuseUnheard({ [label]: parsed }, events);
      }
    });
    return written;
  };
  const isKnown = isPlain(heard);
  // At once, so that what is wrong with a plain gating is told before the gate is there.
  const written = checked(gating as pulumi.Input<unknown>, (plain: unknown) =>
    check(plain, isKnown ? heard : null),
  );
  return isKnown
    ? written
    : pulumi
        .all([written, heard])
        .apply(later(([known, events]: unknown[]) => check(known, events)));
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}

/** What the gate of an older release does not tell. */
function givenMember(
  gate: ServiceGatingArgs["gate"],
  member: "subscribedEvents" | "gatingForm",
): pulumi.Input<unknown> {
  return isPlain(gate)
    ? (gate as Partial<GateReference> | undefined)?.[member]
    : pulumi.output(gate)[member];
}

/** Shows what is wrong with a gating without a stack. */
export function refusing<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof GatingError) {
      refuse(error.message);
    }
    throw error;
  }
}

/** One member of the gate. It is taken by itself: other members may not be known yet. */
function gateMember(
  gate: ServiceGatingArgs["gate"],
  member: "gatingTableName" | "region",
): pulumi.Output<string> {
  const given = (value: unknown): string =>
    typeof value === "string" && value !== ""
      ? value
      : refuse(
          `\`gate\` must be the output \`gate\` of an ApprovalGate, got ${shown(value)} as its \`${member}\``,
        );
  return isPlain(gate)
    ? pulumi.output(given((gate as Partial<GateReference> | undefined)?.[member]))
    : pulumi.output(gate)[member].apply(later(given));
}
