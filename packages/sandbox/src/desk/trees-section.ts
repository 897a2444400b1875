import type { TokenTree, TreeToken } from "../control/token-trees.ts";
import { type Html, html } from "../http/html.ts";
import { type ChainLine, chainLines } from "./chain-lines.ts";
import { rowButton } from "./forms.ts";
import type { DeskVisit } from "./visit.ts";
import { distanceText, instantText, shortened } from "./words.ts";

const mostTrees = 20;
const mostLines = 60;
const deepest = 12;

/** The families of tokens, the newest first: each a chain with its siblings and forks. */
export function treesSection({ control, nowMs }: DeskVisit): Html {
  const trees = control.trees({ atMost: mostTrees });
  if (trees.length === 0)
    return html`<p>No consent was given yet. Send somebody to the authorize endpoint; people log in with the password <code>sandbox</code>.</p>`;
  return html`${trees.map((tree) => treeDetails(tree, nowMs))}
    ${trees.length < mostTrees ? null : html`<p>Older ones: <code>GET /__sandbox/trees</code></p>`}`;
}

function treeDetails(tree: TokenTree, nowMs: number): Html {
  const lines = chainLines(tree.tokens);
  const forks = lines.filter(({ usedSuccessors }) => usedSuccessors > 1).length;
  const live = tree.tokens.filter(({ state }) => state === "live").length;
  const state =
    tree.revokedReason === null ? `${live} of ${tree.tokens.length} live` : `revoked: ${tree.revokedReason}`;
  return html`<details id="tree-${tree.familyId}" open><summary><strong>${tree.app}</strong> for ${tree.email}
      <span class="${live > 0 ? "live" : "over"}">${state}</span>${forks === 0 ? null : html` <strong class="bad">forked</strong>`}</summary>
    <p class="about">Consent of ${instantText(tree.createdAtMs)} to ${tree.scopes.join(" ")}</p>
    <ol class="chain">${shownLines(lines, tree.grantId).map((line) => ("text" in line ? html`<li>${line.text}</li>` : tokenLine(line, nowMs)))}</ol>
    ${tree.revokedReason === null ? html`<div class="buttons">${rowButton("faults/drop-next-refresh", "Drop next refresh of this grant", { grantId: tree.grantId })}${rowButton("grants/revoke", "Revoke this grant", { grantId: tree.grantId })}</div>` : null}
  </details>`;
}

/** A long chain's middle is of no interest. */
function shownLines(lines: readonly ChainLine[], grantId: string): readonly (ChainLine | { readonly text: string })[] {
  if (lines.length <= mostLines) return lines;
  const end = mostLines - 5;
  const text = `… ${lines.length - mostLines} more: GET /__sandbox/grants/${encodeURIComponent(grantId)} …`;
  return [...lines.slice(0, 5), { text }, ...lines.slice(-end)];
}

function tokenLine({ token, depth, mark, usedSuccessors }: ChainLine, nowMs: number): Html {
  const successors = token.successorHashes.length;
  return html`<li data-depth="${String(Math.min(depth, deepest))}" class="${mark}">
      <b>${String(token.generation)}</b> <code>${shortened(token.hash)}</code> <span class="${classOf(token)}">${stateText(token)}</span>
      ${mark === "sibling" ? html`<em>given for a repeat</em>` : null}
      ${usedSuccessors > 1 ? html`<strong class="bad">fork: ${String(usedSuccessors)} successors used</strong>` : successors > 1 ? html`<strong>${String(successors)} successors</strong>` : null}
      <small>${lifeText(token, nowMs)}</small></li>`;
}

const classOf = ({ state }: TreeToken): string => (state === "live" || state === "repeatable" ? state : "over");

function stateText({ state, revokedReason }: TreeToken): string {
  switch (state) {
    case "live":
      return "live";
    case "repeatable":
      return "spent, may still be repeated";
    case "spent":
      return "spent";
    case "expired":
      return "expired";
    case "revoked":
      return `revoked: ${revokedReason ?? "unknown"}`;
  }
}

function lifeText(token: TreeToken, nowMs: number): string {
  const { issuedAtMs, firstUsedAtMs, useCount, refusals, expiresAtMs, access } = token;
  const texts = [`issued ${instantText(issuedAtMs)}`];
  if (firstUsedAtMs !== null)
    texts.push(`used ${useCount === 1 ? "once" : `${useCount} times`}, first ${instantText(firstUsedAtMs)}`);
  if (token.state === "live") texts.push(`ends ${distanceText(expiresAtMs, nowMs)}`);
  if (refusals > 0) texts.push(`refused ${refusals === 1 ? "once" : `${refusals} times`}`);
  if (access !== null) {
    const ends = access.state === "live" ? `, ends ${distanceText(access.expiresAtMs, nowMs)}` : "";
    texts.push(`access ${shortened(access.id)} ${access.state}${ends}${access.lastUsedAtMs === null ? "" : ", used"}`);
  }
  return texts.join(" · ");
}
