// A program with the published SDK that sleeps for half an hour, as far as it can see.
import { XeroClient } from "xero-node";

const { clientId, clientSecret } = JSON.parse(process.env.EVERGRANT_TEST_XERO);
const began = new Date();
const xero = new XeroClient({ clientId, clientSecret, grantType: "client_credentials" });
const organisation = async () => (await xero.accountingApi.getOrganisations("")).body.organisations[0].name;

await xero.getClientCredentialsToken();
const before = { expired: xero.readTokenSet().expired(), organisation: await organisation() };

await fetch(`${process.env.EVERGRANT_SANDBOX_CONTROL}/clock/advance`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ by: "31m" }),
});
const { response } = JSON.parse(await organisation().catch((error) => error));
const after = {
  expired: xero.readTokenSet().expired(),
  refusal: [response.statusCode, response.body.Detail.split(":")[0]],
  movedMinutes: Math.floor((Date.now() - began) / 60_000),
};

await xero.getClientCredentialsToken();
console.log(JSON.stringify({ before, after, renewed: await organisation() }));
