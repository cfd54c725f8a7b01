#!/bin/bash
# One NFS server (srv) and two NFS clients (c1, c2), each a User-Mode Linux kernel of its own, in a private network.
#
#   nfs-lab.sh check                       can it run here? says why not
#   nfs-lab.sh install                     Debian packages, the server's tools, the ptrace shim; nothing where all is there
#   nfs-lab.sh up [mount options]          boots all three, mounts on /mnt/nfs of c1 and c2 (vers=4.2; vers=3,nolock,…)
#   nfs-lab.sh exec srv|c1|c2 COMMAND      runs it under bash in that guest: its output, its exit code
#   nfs-lab.sh post c1|c2|srv COMMAND      the same without waiting
#   nfs-lab.sh remount OPTIONS [c1|c2]     mounts c1 and c2 afresh, or one of them
#   nfs-lab.sh mount OPTIONS POINT         mounts on c1 and c2 once more, below /mnt
#   nfs-lab.sh folder                      prints the folder that this host and the guests may write
#   nfs-lab.sh host COMMAND [ARG…]         runs it on this host, inside the private network (there 10.77.0.254)
#   nfs-lab.sh crash|start srv|c1|c2       kills that kernel, boots it again (mount anew after that)
#   nfs-lab.sh net srv|c1|c2 up|down       plugs or pulls its network
#   nfs-lab.sh cut|heal c1|c2              drops all packets between that client and the server, and nobody else's
#   nfs-lab.sh down                        powers all off, removes the network; nothing where nothing is up
#
# Exit codes: 0 done · 1 failed · 2 usage · 3 it cannot run here (the reason is on stderr) · 124 no answer from the guest.
# PARQUEUE_NFS_LAB: where it keeps everything (/var/tmp/parqueue-nfs-lab); NFS_LAB_MEM: memory of a guest (512M);
# NFS_LAB_TIMEOUT: seconds that exec waits (120).
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
REPOSITORY=$(cd "$HERE/../.." && pwd)
LAB=${PARQUEUE_NFS_LAB:-/var/tmp/parqueue-nfs-lab}
TOOLS=$LAB/tools
# One lab per checkout: what an earlier run of this one left behind is cleared away, and no other is touched.
NS=nfslab-$(printf %s "$LAB $REPOSITORY" | cksum | cut -d' ' -f1)
RUN=$LAB/$NS
MEM=${NFS_LAB_MEM:-512M}
TIMEOUT=${NFS_LAB_TIMEOUT:-120}
SRV=10.77.0.1
HOST=10.77.0.254
ROLES=(srv c1 c2)
PACKAGES=(user-mode-linux nfs-common rpcbind kmod iproute2 e2fsprogs gcc libc6-dev)
declare -A IPS=([srv]=$SRV [c1]=10.77.0.11 [c2]=10.77.0.12)
# Fixed, so that the others' ARP tables stay right when a guest boots again.
declare -A MACS=([srv]=02:4e:46:53:00:01 [c1]=02:4e:46:53:00:11 [c2]=02:4e:46:53:00:12)

say() { echo "nfs-lab: $*" >&2; }
cannot() {
  say "cannot run here: $*"
  exit 3
}

# What no installation changes.
require_machine() {
  [ "$(uname -s)/$(uname -m)" = Linux/x86_64 ] || cannot "it needs Linux on x86-64, this is $(uname -s) on $(uname -m)"
  [ "$(id -u)" = 0 ] || cannot 'it needs root, for a network of its own'
  [ -c /dev/net/tun ] || cannot 'there is no /dev/net/tun (docker run --device /dev/net/tun)'
  local scope=/proc/sys/kernel/yama/ptrace_scope
  if [ -r $scope ] && [ "$(< $scope)" -ge 3 ]; then cannot 'ptrace is forbidden on this host (kernel.yama.ptrace_scope)'; fi
  unshare --net true 2> /dev/null || cannot 'it may not make a network namespace (docker run --cap-add SYS_ADMIN --cap-add NET_ADMIN)'
}

installed() {
  local program
  for program in linux.uml mount.nfs rpcbind modprobe ip mkfs.ext4 taskset; do
    command -v "$program" > /dev/null || return 1
  done
  [ -x "$TOOLS/srvpkg/usr/sbin/rpc.nfsd" ] && [ -e "$TOOLS/modroot/lib/modules" ] && [ -s "$TOOLS/xstate-shim.so" ]
}

check() {
  require_machine
  installed || cannot "its programs are missing; run $0 install"
}

install() {
  require_machine
  installed && return 0
  command -v apt-get > /dev/null || cannot 'it is installed with apt-get, which is not there'
  export DEBIAN_FRONTEND=noninteractive
  mkdir -p "$TOOLS/modroot/lib" || return 1
  apt-get update -q && apt-get install -qy --no-install-recommends "${PACKAGES[@]}" || return 1
  # Unpacked only: installed, it would start a server on this host.
  (cd "$TOOLS" && rm -f nfs-kernel-server_*.deb && apt-get -o APT::Sandbox::User=root download -q nfs-kernel-server \
    && dpkg -x nfs-kernel-server_*.deb srvpkg && rm -f nfs-kernel-server_*.deb) || return 1
  ln -sfn /usr/lib/uml/modules "$TOOLS/modroot/lib/modules"
  gcc -O2 -shared -fPIC -o "$TOOLS/xstate-shim.so" "$HERE/xstate-shim.c"
}

# Process ids are used again: one counts only together with the time at which it began.
began() { sed 's/.*) //' "/proc/$1/stat" 2> /dev/null | cut -d' ' -f20; }
alive() {
  local pid start
  { read -r pid start < "$RUN/$1/pid"; } 2> /dev/null || return 1
  [ -n "$start" ] && [ "$(began "$pid")" = "$start" ]
}

start() { # boots one guest in the background
  local role=$1 cpu ubd=() pid
  alive "$role" && { say "$role runs already"; return 1; }
  rm -rf "${RUN:?}/$role" && mkdir -p "$RUN/$role"
  echo 0 > "$RUN/$role/n"
  [ "$role" = srv ] && ubd=("ubd0=$RUN/srv.img")
  # One processor per guest: its ptrace switches get four to six times as fast.
  case $role in srv) cpu=0 ;; c1) cpu=1 ;; *) cpu=2 ;; esac
  # eth0=tuntap is the transport that works: vec0 loses large packets. setsid: it leads a process group, with its stubs.
  LD_PRELOAD=$TOOLS/xstate-shim.so setsid ip netns exec "$NS" taskset -c "$((cpu % $(nproc)))" \
    linux.uml mem="$MEM" umid="$NS-$role" uml_dir="$RUN/uml" "${ubd[@]}" root=root rootfstype=hostfs ro quiet \
    con=null con0=null,fd:1 ssl=null "eth0=tuntap,tap$role,${MACS[$role]}" \
    init="$RUN/guest-init.sh" LAB="$LAB" RUN="$RUN" SHOW="$REPOSITORY" ROLE="$role" IP="${IPS[$role]}" \
    < /dev/null > "$RUN/$role/console" 2>&1 &
  pid=$!
  echo "$pid $(began "$pid")" > "$RUN/$role/pid"
}

ready() {
  local i
  for ((i = 0; i < 1200; i++)); do
    [ -s "$RUN/$1/ready" ] && return 0
    alive "$1" || break
    sleep 0.05
  done
  say "$1 did not come up; the last it said:"
  tail -5 "$RUN/$1/console" >&2
  return 1
}

crash() {
  local pid i
  alive "$1" || return 0
  read -r pid _ < "$RUN/$1/pid"
  kill -KILL -- "-$pid" 2> /dev/null
  for ((i = 0; i < 80; i++)); do alive "$1" || return 0; sleep 0.05; done
  say "$1 did not end"
  return 1
}

boot() {
  local role
  for role in "${ROLES[@]}"; do
    ip -n "$NS" tuntap add dev "tap$role" mode tap && ip -n "$NS" link set "tap$role" master br0 up || return 1
    start "$role" || return 1
  done
  for role in "${ROLES[@]}"; do ready "$role" || return 1; done
}

up() {
  check
  down
  mkdir -p "$RUN" && cp "$HERE/guest-init.sh" "$RUN/" || return 1
  truncate -s 1G "$RUN/srv.img" && mkfs.ext4 -q -F "$RUN/srv.img" || return 1
  ip netns add "$NS" && ip -n "$NS" link set lo up && ip -n "$NS" link add br0 type bridge \
    && ip -n "$NS" addr add "$HOST/24" dev br0 && ip -n "$NS" link set br0 up || return 1
  if ! boot; then
    down
    cannot 'a guest did not boot (User-Mode Linux needs ptrace: docker run --cap-add SYS_PTRACE)'
  fi
  remount "${1:-vers=4.2}" || { down; return 1; }
}

# v4 sees the export as its root (fsid=0).
exported() { case $1 in *vers=3*) echo "$SRV:/mnt/srv/share" ;; *) echo "$SRV:/" ;; esac; }

remount() {
  local role
  for role in ${2:-c1 c2}; do
    run "$role" "while umount /mnt/nfs 2> /dev/null; do :; done; mount -t nfs -o '$1' '$(exported "$1")' /mnt/nfs" || return 1
  done
}

mount_at() {
  local role
  for role in c1 c2; do
    run "$role" "mkdir -p '$2' && mount -t nfs -o '$1' '$(exported "$1")' '$2'" || return 1
  done
}

post() { # hands a command over; prints its number. One caller per guest at a time.
  local box=$RUN/$1 n
  alive "$1" || { say "$1 is not up"; return 1; }
  n=$(($(< "$box/n") + 1))
  echo "$n" > "$box/n"
  printf '%s\n' "$2" > "$box/cmd.tmp" && mv "$box/cmd.tmp" "$box/cmd.$n"
  echo "$n"
}

run() {
  local box=$RUN/$1 n i
  n=$(post "$1" "$2") || return 1
  for ((i = 0; i < TIMEOUT * 50; i++)); do
    [ -e "$box/rc.$n" ] && break
    alive "$1" || break
    sleep 0.02
  done
  cat "$box/out.$n" 2> /dev/null
  [ -e "$box/rc.$n" ] || { say "no answer from $1"; return 124; }
  return "$(< "$box/rc.$n")"
}

# Isolated ports of a bridge hear everybody but each other.
isolate() {
  ip -n "$NS" link set tapsrv type bridge_slave isolated on && ip -n "$NS" link set "tap$1" type bridge_slave isolated "$2"
}

down() {
  local role i
  for role in c1 c2 srv; do
    alive "$role" && post "$role" 'sync; echo o > /proc/sysrq-trigger; sleep 9' > /dev/null
  done
  for role in c1 c2 srv; do
    for ((i = 0; i < 80; i++)); do alive "$role" || break; sleep 0.05; done
    crash "$role"
  done
  [ -e "/run/netns/$NS" ] && ip netns del "$NS"
  rm -rf "$RUN"
}

usage() {
  sed -n '2,/^set -u/{/^#/s/^# \{0,1\}//p}' "$0"
  exit 2
}

role() { [[ " ${ROLES[*]} " = *" ${1:-} "* ]] || usage; }
case ${1:-} in
  check | install | down) "$1" ;;
  up) up "${2:-vers=4.2}" ;;
  exec) role "${2:-}" && run "$2" "${3:?COMMAND}" ;;
  post) role "${2:-}" && post "$2" "${3:?COMMAND}" ;;
  remount) remount "${2:?OPTIONS}" "${3:-}" ;;
  mount) mount_at "${2:?OPTIONS}" "${3:?POINT}" ;;
  folder) echo "$RUN" ;;
  host) shift && exec ip netns exec "$NS" "$@" ;;
  start) role "${2:-}" && start "$2" && ready "$2" ;;
  crash) role "${2:-}" && crash "$2" ;;
  net) role "${2:-}" && ip -n "$NS" link set "tap$2" "${3:?up or down}" ;;
  cut) role "${2:-}" && isolate "$2" on ;;
  heal) role "${2:-}" && isolate "$2" off ;;
  *) usage ;;
esac
