"""A server that has nothing but Python's standard library: a token, then one call."""

import base64
import json
import os
import urllib.parse
import urllib.request

issuer = os.environ["ISSUER"]
pair = ":".join(urllib.parse.quote(os.environ[name], safe="") for name in ("CLIENT_ID", "CLIENT_SECRET"))
with urllib.request.urlopen(f"{issuer}/.well-known/openid-configuration") as answer:
    endpoint = json.load(answer)["token_endpoint"]
ask = urllib.request.Request(
    endpoint,
    data=urllib.parse.urlencode({"grant_type": "client_credentials"}).encode(),
    headers={"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()},
)
with urllib.request.urlopen(ask) as answer:
    token = json.load(answer)
call = urllib.request.Request(
    os.environ["API"] + "/api.xro/2.0/Organisation",
    headers={
        "Authorization": "Bearer " + token["access_token"],
        "xero-tenant-id": token["tenants"][0]["id"],
        "Accept": "application/json",
    },
)
with urllib.request.urlopen(call) as answer:
    print(json.load(answer)["Organisations"][0]["Name"])
