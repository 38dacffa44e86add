-- What a model is beside one that predicts: `embedding` answers under OpenAI's API too. Each version has its own, as it
-- has its price.
alter table models add column kind text check (kind in ('embedding'));
