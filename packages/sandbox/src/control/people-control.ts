import { addOrganisation, addUser } from "../demo-data.ts";
import {
  type Connection,
  endConnections,
  type Membership,
  type Organisation,
  resetDemoCompany,
  revokeFamiliesOf,
  setRole,
  type Turn,
} from "../engine/index.ts";
import { SandboxError } from "../errors.ts";
import {
  type ChangeUserInput,
  type CreateOrganisationInput,
  type CreateUserInput,
  inputs,
  type SetMembershipInput,
} from "./inputs.ts";
import { parseInput } from "./parse-input.ts";
import { type RedactedUser, redactUser } from "./redacted-state.ts";

export interface PeopleControl {
  users(): readonly RedactedUser[];
  createUser(input: CreateUserInput): RedactedUser;
  changeUser(userId: string, input: ChangeUserInput): RedactedUser;
  organisations(): readonly Organisation[];
  createOrganisation(input: CreateOrganisationInput): Organisation;
  /** The demo company starts afresh: every connection to it ends, no token does. */
  resetDemoCompany(organisationId: string): Organisation;
  memberships(): readonly Membership[];
  /** Gives a role, or takes it (`role: null`). Losing the right to connect ends the person's connections there. */
  setMembership(input: SetMembershipInput): readonly Membership[];
  connections(): readonly Connection[];
  /** As the person does in Xero: ends the connection, not the tokens. */
  disconnect(connectionId: string): Connection;
}

/** The part of the control API that is about people and what they did. */
export function createPeopleControl(inTurn: <R>(work: (turn: Turn) => R) => R): PeopleControl {
  return {
    users: () => inTurn((turn) => [...turn.draft.all("users")].map(redactUser)),
    createUser: (input) => inTurn((turn) => createUser(turn, input)),
    changeUser: (userId, input) => inTurn((turn) => changeUser(turn, userId, input)),
    organisations: () => inTurn((turn) => [...turn.draft.all("organisations")]),
    createOrganisation: (input) => inTurn((turn) => createOrganisation(turn, input)),
    resetDemoCompany: (organisationId) => inTurn((turn) => resetDemo(turn, organisationId)),
    memberships: () => inTurn((turn) => [...turn.draft.all("memberships")]),
    setMembership: (input) => inTurn((turn) => setMembership(turn, input)),
    connections: () => inTurn((turn) => [...turn.draft.all("connections")]),
    disconnect: (connectionId) => inTurn((turn) => disconnect(turn, connectionId)),
  };
}

function createUser(turn: Turn, input: CreateUserInput): RedactedUser {
  const wanted = parseInput(inputs.createUser, input);
  const taken = [...turn.draft.all("users")].some((user) => user.email.toLowerCase() === wanted.email.toLowerCase());
  if (taken) throw new SandboxError("already_exists", `There is already a user ${wanted.email}.`);
  return redactUser(addUser(turn, wanted));
}

function changeUser(turn: Turn, userId: string, input: ChangeUserInput): RedactedUser {
  const { password } = parseInput(inputs.changeUser, input);
  const user = turn.draft.get("users", userId);
  if (user === undefined) throw new SandboxError("not_found", "There is no user with that id.");
  const changed = { ...user, passwordHash: turn.mint.hash(password) };
  turn.draft.put("users", userId, changed);
  for (const login of [...turn.draft.all("logins")])
    if (login.userId === userId) turn.draft.remove("logins", login.hash);
  if (turn.switches.password_change_kills_refresh) {
    for (const grant of [...turn.draft.all("grants")])
      if (grant.userId === userId) revokeFamiliesOf(turn, grant.id, "password-changed");
  }
  return redactUser(changed);
}

function createOrganisation(turn: Turn, input: CreateOrganisationInput): Organisation {
  const wanted = parseInput(inputs.createOrganisation, input);
  const taken = [...turn.draft.all("organisations")].some((organisation) => organisation.name === wanted.name);
  if (taken) throw new SandboxError("already_exists", `There is already an organisation "${wanted.name}".`);
  return addOrganisation(turn, wanted);
}

function resetDemo(turn: Turn, organisationId: string): Organisation {
  const outcome = resetDemoCompany(turn, organisationId);
  const organisation = turn.draft.get("organisations", organisationId);
  if (outcome === "unknown" || organisation === undefined)
    throw new SandboxError("not_found", "There is no organisation with that id.");
  if (outcome === "no-demo-company")
    throw new SandboxError("wrong_kind", `"${organisation.name}" is not a demo company: only those are reset.`);
  return organisation;
}

function setMembership(turn: Turn, input: SetMembershipInput): readonly Membership[] {
  const wanted = parseInput(inputs.setMembership, input);
  if (turn.draft.get("users", wanted.userId) === undefined)
    throw new SandboxError("not_found", "There is no user with that id.");
  if (turn.draft.get("organisations", wanted.organisationId) === undefined)
    throw new SandboxError("not_found", "There is no organisation with that id.");
  setRole(turn, wanted);
  return [...turn.draft.all("memberships")].filter((membership) => membership.userId === wanted.userId);
}

function disconnect(turn: Turn, connectionId: string): Connection {
  const ended = endConnections(turn, (connection) => connection.id === connectionId, "disconnected");
  const connection = turn.draft.get("connections", connectionId);
  if (ended === 0 || connection === undefined)
    throw new SandboxError("not_found", "There is no live connection with that id.");
  return connection;
}
