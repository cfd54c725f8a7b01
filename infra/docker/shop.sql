-- Run once by psql as the database's superuser, when the database is new: a table to ask for (the dataset `orders` of
-- parqueue.yaml), and whom Parqueue logs on as, who may read that table and nothing else.
create table orders (id bigint primary key, customer text not null, amount numeric(12, 2) not null, ordered_at timestamptz not null);
insert into orders
select n, 'customer ' || n % 100, n % 9973 + 0.25, timestamptz '2026-01-01 00:00:00+00' + n * interval '1 minute'
from generate_series(1, 10000) n;

\set password `cat /run/secrets/postgres-password`
create role shop login password :'password';
grant select on orders to shop;
