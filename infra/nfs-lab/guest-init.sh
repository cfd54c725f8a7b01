#!/bin/bash
# PID 1 of every guest of nfs-lab.sh. Its root is the host's /, read-only (hostfs); the kernel's command line gives LAB
# (the one host directory it may write), RUN (its own part of that), SHOW (a checkout, shown read-only even where it lies under /tmp), ROLE and IP.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp
mount -t proc proc /proc
mount -t sysfs sys /sys
for directory in /tmp /run /mnt /var/lib/nfs; do mount -t tmpfs tmpfs "$directory"; done
mkdir -p "$SHOW" && mount -t hostfs none "$SHOW" -o "$SHOW" && mount -o remount,ro "$SHOW"
mkdir -p "$LAB" && mount -t hostfs none "$LAB" -o "$LAB"
mkdir -p /mnt/nfs /mnt/srv /var/lib/nfs/{sm,sm.bak,v4recovery,rpc_pipefs}
: > /var/lib/nfs/etab
: > /var/lib/nfs/rmtab
hostname "$ROLE"
ip link set lo up
ip addr add "$IP/24" dev eth0
ip link set eth0 up

load() { modprobe -d "$LAB/tools/modroot" "$@" || echo "modprobe $* failed"; }
load sunrpc
mount -t rpc_pipefs sunrpc /var/lib/nfs/rpc_pipefs
if [ "$ROLE" = srv ]; then # the kernel's nfsd, v3 and v4.0 to 4.2, exporting ext4 on a disk image
  load lockd nlm_grace_period=1 nlm_timeout=3
  load nfsd
  mount -t nfsd nfsd /proc/fs/nfsd
  tools=$LAB/tools/srvpkg/usr/sbin
  mount -t ext4 /dev/ubda /mnt/srv && mkdir -p /mnt/srv/share && chmod 777 /mnt/srv/share
  # Which clients there were before a crash is known after it, so that they, and nobody else, get back what they had open.
  mkdir /mnt/srv/v4recovery 2> /dev/null && first=yes
  mount --bind /mnt/srv/v4recovery /var/lib/nfs/v4recovery
  rpcbind -w
  echo 10 > /proc/fs/nfsd/nfsv4leasetime
  echo 10 > /proc/fs/nfsd/nfsv4gracetime
  "$tools/exportfs" -i -o rw,no_root_squash,no_subtree_check,sync,insecure,fsid=0 '*:/mnt/srv/share'
  "$tools/rpc.mountd" 2> /dev/null
  "$tools/rpc.nfsd" 8
  # No grace after the first boot: else opens (v4) would wait for clients that never were. After a crash there is one.
  [ -z "${first:-}" ] || echo Y > /proc/fs/nfsd/v4_end_grace
else
  load nfs
  load nfsv3
  load nfsv4
fi

# The host puts cmd.N here by rename; the guest answers out.N, then rc.N. Reading a pipe that nobody writes to is the sleep.
box=$RUN/$ROLE
mkfifo /run/tick
exec 9<> /run/tick
n=1
cut -d' ' -f1 /proc/uptime > "$box/ready"
while :; do
  while [ ! -e "$box/cmd.$n" ]; do read -r -t 0.02 -u 9; done
  bash "$box/cmd.$n" < /dev/null > "$box/out.$n" 2>&1 9>&-
  echo $? > "$box/rc.$n.tmp"
  mv "$box/rc.$n.tmp" "$box/rc.$n"
  n=$((n + 1))
done
