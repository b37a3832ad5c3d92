#!/bin/sh
# Makes an authority that no system knows, and the certificate of a server on this machine that it has signed.
set -eu
cd "$(dirname "$0")"
days=36500
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout authority-key.pem -out authority.pem \
    -days $days -subj "/CN=modiste test authority" -addext basicConstraints=critical,CA:TRUE
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout server-key.pem -out request.pem \
    -subj "/CN=127.0.0.1"
printf 'subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' > extensions
openssl x509 -req -in request.pem -CA authority.pem -CAkey authority-key.pem -CAcreateserial -days $days \
    -extfile extensions -out server.pem
rm -f authority-key.pem authority.srl request.pem extensions
