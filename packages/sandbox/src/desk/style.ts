import { range } from "./words.ts";

/** The page's style sheet. */
export const STYLE = `:root{color-scheme:light dark;--ink:light-dark(#1c2733,#dfe6ee);--ground:light-dark(#f2f4f7,#12181f);--paper:light-dark(#fff,#1b232c);--line:light-dark(#c9d1d9,#3a4653);--link:light-dark(#0b5cad,#7ab8f5);--good:light-dark(#1a6b32,#6fd08c);--bad:light-dark(#a40e26,#ff8a96);--dim:light-dark(#57606a,#9aa7b4)}
*{box-sizing:border-box}[hidden]{display:none!important}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--ground);margin:0}
header{display:flex;gap:1rem;align-items:center;flex-wrap:wrap;padding:.5rem 1rem;background:var(--paper);border-bottom:1px solid var(--line);position:sticky;top:0;z-index:1}
.reset{margin-left:auto}h1{font-size:1.2rem;margin:0}h2{font-size:1.05rem;margin:0 0 .5rem}nav{display:flex;gap:.8rem;flex-wrap:wrap}a{color:var(--link)}
main{display:grid;grid-template-columns:minmax(0,2fr) minmax(0,3fr);gap:1rem;padding:1rem}
section{background:var(--paper);border:1px solid var(--line);border-radius:.4rem;padding:.8rem 1rem;min-width:0;overflow-x:auto;scroll-margin-top:4rem}
#trees,#faults,#requests,#snapshots,#people{grid-column:1/-1}
@media(max-width:60rem){main{grid-template-columns:minmax(0,1fr)}}
[role=alert]{margin:1rem;padding:.6rem 1rem;border:1px solid currentColor;border-radius:.4rem;background:var(--paper)}
.now{font-size:1.6rem;margin:0;font-variant-numeric:tabular-nums}.about{color:var(--dim);margin:.2rem 0 .4rem}
.buttons{display:flex;gap:.5rem;flex-wrap:wrap;margin:.4rem 0}
button{font:inherit;padding:.2rem .7rem;border:1px solid var(--link);border-radius:.3rem;background:var(--link);color:var(--paper);cursor:pointer}button.plain{background:none;color:var(--link)}
label{display:inline-block;margin:.2rem .8rem .2rem 0}input,select{font:inherit;padding:.15rem .3rem;max-width:16rem;color:inherit;background:var(--ground);border:1px solid var(--line);border-radius:.2rem}
input[inputmode=decimal]{width:9rem}fieldset{border:1px solid var(--line);border-radius:.4rem;margin:.5rem 0}
table{border-collapse:collapse;width:100%;font-size:.9rem;margin:.4rem 0}th,td{text-align:left;padding:.15rem .6rem .15rem 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:break-word}th{white-space:nowrap}
code{font-family:ui-monospace,monospace;font-size:.9em}small{color:var(--dim)}
summary{cursor:pointer}ol.chain{list-style:none;padding:0;margin:.2rem 0}ol.chain li{border-left:2px solid var(--line);padding:.1rem .6rem}
ol.chain li.sibling{border-left-style:dashed}ol.chain li.branch{border-left-color:var(--bad)}
.live{color:var(--good);font-weight:600}.repeatable{font-weight:600}.over{color:var(--dim)}.bad{color:var(--bad);font-weight:600}tr.struck td{background:light-dark(#fff3d6,#3a3112)}
${range(1, 12)
  .map((depth) => `li[data-depth="${depth}"]{margin-left:${depth * 2}rem}`)
  .join("")}`;
