"""A server with Authlib: a token by a secret, or by a key pair where one is given, then one call."""

import os
import time

from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT

issuer = os.environ["ISSUER"]
endpoint = issuer + "/oauth2/token"
key = os.environ.get("PRIVATE_KEY")
client = OAuth2Session(
    os.environ["CLIENT_ID"],
    key or os.environ["CLIENT_SECRET"],
    token_endpoint_auth_method="private_key_jwt" if key else "client_secret_basic",
)
if key:
    # By default its assertions are for the token endpoint, and live for an hour.
    claims = {"aud": issuer, "exp": int(time.time()) + 60}
    client.register_client_auth_method(PrivateKeyJWT(endpoint, claims=claims))
token = client.fetch_token(endpoint, grant_type="client_credentials")
answer = client.get(
    os.environ["API"] + "/api.xro/2.0/Organisation",
    headers={"xero-tenant-id": token["tenants"][0]["id"], "Accept": "application/json"},
)
answer.raise_for_status()
print(answer.json()["Organisations"][0]["Name"])
