"""Where what stands on a client is read, for every list that leads there: filled with the client's id."""

ASKS = "/api/v1/clients/{client_id}/asks"
PRECAUTIONS = "/api/v1/clients/{client_id}/precautions"
HOLDS = "/api/v1/clients/{client_id}/holds"
