/** Stands for the address of the grant's home. */
export const HOME = "HOME";

/** What one provider says, as its pages show it, and what has to be understood of it. */
export interface Documented {
  /** Beside code and state. */
  readonly callback?: Readonly<Record<string, string>>;
  readonly answer?: Readonly<Record<string, unknown>>;
  /** Claims of an id token. */
  readonly claims?: Readonly<Record<string, string>>;
  readonly api?: Readonly<Record<string, unknown>>;
  readonly subject: string | null;
  readonly tenants: readonly string[];
}

/** By provider. */
export const DOCUMENTED: Readonly<Record<string, Documented>> = {
  "quickbooks-online": {
    callback: { realmId: "9130350" },
    answer: { expires_in: 3600, x_refresh_token_expires_in: 8_726_400 },
    claims: { sub: "1182d6ec" },
    ...{ subject: "9130350/1182d6ec", tenants: ["9130350"] },
  },
  "sage-accounting": {
    answer: { expires_in: 300, refresh_token_expires_in: 2_678_400, scope: "full_access", requested_by_id: "u-7" },
    api: {
      "/v3.1/businesses": {
        $total: 2,
        $items: [
          { id: "b1", displayed_as: "One" },
          { id: "b2", displayed_as: "Two" },
        ],
      },
    },
    ...{ subject: "u-7", tenants: ["b1", "b2"] },
  },
  freeagent: {
    answer: { expires_in: 3600, refresh_token_expires_in: 631_139_040 },
    api: {
      "/v2/company": { company: { name: "My Company", subdomain: "mine" } },
      "/v2/users/me": { user: { url: "https://api.freeagent.com/v2/users/1", email: "jane@demo.example" } },
    },
    ...{ subject: "https://api.freeagent.com/v2/users/1", tenants: ["mine"] },
  },
  freshbooks: {
    answer: { expires_in: 43_200, scope: "admin:all:legacy", created_at: 1_424_471_407 },
    api: {
      "/auth/api/v1/users/me": {
        response: {
          id: 2192788,
          business_memberships: [{ id: 1, business: { id: 2, name: "Awesome", account_id: "ABC123" } }],
        },
      },
    },
    ...{ subject: "2192788", tenants: ["ABC123"] },
  },
  "zoho-books": {
    callback: { location: "eu", "accounts-server": HOME },
    answer: { expires_in: 3600, api_domain: HOME },
    api: { "/books/v3/organizations": { code: 0, organizations: [{ organization_id: "10234695", name: "Zillum" }] } },
    ...{ subject: null, tenants: ["10234695"] },
  },
  hubspot: {
    answer: { expires_in: 1800, user_id: 123, hub_id: 62515 },
    api: { "/account-info/v3/details": { portalId: 62515, timeZone: "US/Eastern" } },
    ...{ subject: "62515/123", tenants: ["62515"] },
  },
  salesforce: {
    answer: {
      ...{ instance_url: HOME, scope: "refresh_token api", issued_at: "1708058728442", signature: "c2lnbmVk" },
      id: "https://login.salesforce.com/id/00Dx0000000BV7z/005x00000012Q9P",
    },
    ...{ subject: "005x00000012Q9P", tenants: ["00Dx0000000BV7z"] },
  },
  atlassian: {
    answer: { expires_in: 3600, scope: "read:me read:jira-work offline_access" },
    api: {
      "/me": { account_type: "atlassian", account_id: "5b10ac8d" },
      "/oauth/token/accessible-resources": [
        { id: "1324a887", name: "your-domain", scopes: [], url: "https://x.example" },
      ],
    },
    ...{ subject: "5b10ac8d", tenants: ["1324a887"] },
  },
  google: {
    answer: { expires_in: 3599, scope: "https://www.googleapis.com/auth/userinfo.email openid" },
    claims: { sub: "10769150350006150715113082367" },
    ...{ subject: "10769150350006150715113082367", tenants: [] },
  },
  microsoft: {
    answer: { expires_in: 3736, ext_expires_in: 3736, scope: "User.Read profile openid email" },
    claims: { sub: "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ" },
    ...{ subject: "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", tenants: [] },
  },
  "lightspeed-retail-r": {
    answer: { expires_in: 1800, scope: "employee:all" },
    api: { "/API/V3/Account.json": { Account: { accountID: "7", name: "Shop" } } },
    ...{ subject: null, tenants: ["7"] },
  },
  "lightspeed-retail-x": {
    callback: { domain_prefix: HOME, user_id: "u" },
    answer: { expires: 1_387_145_621, expires_in: 604_800, domain_prefix: HOME, scope: "" },
    ...{ subject: null, tenants: [HOME] },
  },
  gusto: {
    answer: { expires_in: 7200 },
    api: {
      "/v1/token_info": {
        ...{ scope: "companies:read", resource: { type: "Company", uuid: "c-1" } },
        resource_owner: { type: "CompanyAdmin", uuid: "o-1" },
      },
    },
    ...{ subject: "c-1/o-1", tenants: ["c-1"] },
  },
};
