import { stepInvocation } from "../automation/invocations.ts";
import { completeWorkflow } from "../automation/workflows.ts";
import { endSnooze } from "../incidents/snooze.ts";
import type { Account } from "./account.ts";
import type { Task } from "./documents.ts";

/** Does what is due. The answer is when the task is due again, or null when it is done. */
export function runTask(account: Account, task: Task): number | null {
  switch (task.kind) {
    case "invocationStep":
      return stepInvocation(account, task);
    case "workflowCompletion":
      completeWorkflow(account, task);
      return null;
    case "unsnooze":
      endSnooze(account, task);
      return null;
  }
}
