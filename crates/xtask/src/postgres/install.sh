#!/bin/sh
# Installs Debian's postgresql for its programs alone. Run as root by `install.rs`.
#
# The package would make a cluster named main and start it, and with it every cluster of that version a removed
# package has left. Two guards prevent it, both taken down again on every way out:
# - createcluster.d: postgresql-common's createcluster.conf includes this folder, and the server package's postinst
#   asks it for create_main_cluster (/usr/share/postgresql-common/maintscripts-functions, configure_version);
# - policy-rc.d, which invoke-rc.d asks whether a service may start (101: no). One that is there stays as it is.
set -eu
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1

common=/etc/postgresql-common
cluster_guard=$common/createcluster.d/florin-xtask.conf
service_guard=/usr/sbin/policy-rc.d
mark="# put here by Florin's cargo xtask, which removes it"

clean() {
    rm -f "$cluster_guard"
    rmdir "$common/createcluster.d" 2>/dev/null || true # stays where something else is in it
    rmdir "$common" 2>/dev/null || true
    if grep -qsF "$mark" "$service_guard"; then rm -f "$service_guard"; fi
}
trap clean EXIT
trap 'exit 130' HUP INT TERM

mkdir -p "$common/createcluster.d"
printf '%s\ncreate_main_cluster = false\n' "$mark" >"$cluster_guard"
if [ ! -e "$service_guard" ]; then
    printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$service_guard"
    chmod 755 "$service_guard"
fi

install() {
    apt-get -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends postgresql >&2
}
# A machine that has never asked for the lists of packages knows none.
install || { apt-get -o DPkg::Lock::Timeout=300 update >&2 && install; }
