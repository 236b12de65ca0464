--
-- PostgreSQL database dump
--


-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: approvals; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.approvals (
    id character varying NOT NULL COLLATE pg_catalog."C",
    what character varying NOT NULL COLLATE pg_catalog."C",
    asked_by character varying NOT NULL COLLATE pg_catalog."C",
    asked character varying NOT NULL COLLATE pg_catalog."C",
    approved_by character varying COLLATE pg_catalog."C",
    entry bigint,
    used boolean NOT NULL
);


--
-- Name: disposals; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.disposals (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    cause character varying NOT NULL COLLATE pg_catalog."C",
    things json NOT NULL,
    entry bigint
);


--
-- Name: found; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.found (
    entity character varying NOT NULL COLLATE pg_catalog."C",
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    count integer NOT NULL
);


--
-- Name: holds; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.holds (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    "case" character varying NOT NULL COLLATE pg_catalog."C",
    placed character varying NOT NULL COLLATE pg_catalog."C",
    placed_by character varying NOT NULL COLLATE pg_catalog."C"
);


--
-- Name: keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.keys (
    id character varying NOT NULL COLLATE pg_catalog."C",
    label character varying NOT NULL COLLATE pg_catalog."C",
    role character varying NOT NULL COLLATE pg_catalog."C",
    state character varying NOT NULL COLLATE pg_catalog."C",
    created character varying NOT NULL COLLATE pg_catalog."C",
    retired character varying COLLATE pg_catalog."C"
);


--
-- Name: recordings; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.recordings (
    id character varying NOT NULL COLLATE pg_catalog."C",
    started character varying NOT NULL COLLATE pg_catalog."C",
    sample_rate integer NOT NULL,
    channels integer NOT NULL,
    state character varying NOT NULL COLLATE pg_catalog."C",
    samples bigint NOT NULL,
    source character varying NOT NULL COLLATE pg_catalog."C",
    policy character varying NOT NULL COLLATE pg_catalog."C",
    findings json NOT NULL,
    agent character varying COLLATE pg_catalog."C",
    queue character varying COLLATE pg_catalog."C",
    direction character varying COLLATE pg_catalog."C",
    caller character varying COLLATE pg_catalog."C",
    call_id character varying COLLATE pg_catalog."C",
    consent character varying DEFAULT 'unknown'::character varying NOT NULL COLLATE pg_catalog."C",
    held boolean DEFAULT false NOT NULL
);


--
-- Name: settings; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.settings (
    name character varying NOT NULL COLLATE pg_catalog."C",
    value character varying NOT NULL COLLATE pg_catalog."C"
);


--
-- Name: waiting_mutes; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.waiting_mutes (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    channel integer NOT NULL,
    start bigint NOT NULL,
    "end" bigint NOT NULL,
    entity character varying NOT NULL COLLATE pg_catalog."C",
    asked character varying NOT NULL COLLATE pg_catalog."C",
    asked_by character varying NOT NULL COLLATE pg_catalog."C"
);


--
-- Name: wrapped_keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
)
PARTITION BY HASH (recording_id);


--
-- Name: wrapped_keys_00; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_00 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_01; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_01 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_02; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_02 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_03; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_03 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_04; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_04 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_05; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_05 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_06; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_06 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_07; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_07 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_08; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_08 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_09; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_09 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_10; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_10 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_11; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_11 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_12; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_12 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_13; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_13 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_14; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_14 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_15; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_15 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_16; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_16 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_17; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_17 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_18; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_18 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_19; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_19 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_20; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_20 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_21; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_21 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_22; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_22 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_23; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_23 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_24; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_24 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_25; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_25 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_26; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_26 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_27; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_27 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_28; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_28 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_29; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_29 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_30; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_30 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_31; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wrapped_keys_31 (
    recording_id character varying NOT NULL COLLATE pg_catalog."C",
    key_id character varying NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL
);


--
-- Name: wrapped_keys_00; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_00 FOR VALUES WITH (modulus 32, remainder 0);


--
-- Name: wrapped_keys_01; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_01 FOR VALUES WITH (modulus 32, remainder 1);


--
-- Name: wrapped_keys_02; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_02 FOR VALUES WITH (modulus 32, remainder 2);


--
-- Name: wrapped_keys_03; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_03 FOR VALUES WITH (modulus 32, remainder 3);


--
-- Name: wrapped_keys_04; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_04 FOR VALUES WITH (modulus 32, remainder 4);


--
-- Name: wrapped_keys_05; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_05 FOR VALUES WITH (modulus 32, remainder 5);


--
-- Name: wrapped_keys_06; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_06 FOR VALUES WITH (modulus 32, remainder 6);


--
-- Name: wrapped_keys_07; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_07 FOR VALUES WITH (modulus 32, remainder 7);


--
-- Name: wrapped_keys_08; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_08 FOR VALUES WITH (modulus 32, remainder 8);


--
-- Name: wrapped_keys_09; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_09 FOR VALUES WITH (modulus 32, remainder 9);


--
-- Name: wrapped_keys_10; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_10 FOR VALUES WITH (modulus 32, remainder 10);


--
-- Name: wrapped_keys_11; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_11 FOR VALUES WITH (modulus 32, remainder 11);


--
-- Name: wrapped_keys_12; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_12 FOR VALUES WITH (modulus 32, remainder 12);


--
-- Name: wrapped_keys_13; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_13 FOR VALUES WITH (modulus 32, remainder 13);


--
-- Name: wrapped_keys_14; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_14 FOR VALUES WITH (modulus 32, remainder 14);


--
-- Name: wrapped_keys_15; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_15 FOR VALUES WITH (modulus 32, remainder 15);


--
-- Name: wrapped_keys_16; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_16 FOR VALUES WITH (modulus 32, remainder 16);


--
-- Name: wrapped_keys_17; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_17 FOR VALUES WITH (modulus 32, remainder 17);


--
-- Name: wrapped_keys_18; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_18 FOR VALUES WITH (modulus 32, remainder 18);


--
-- Name: wrapped_keys_19; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_19 FOR VALUES WITH (modulus 32, remainder 19);


--
-- Name: wrapped_keys_20; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_20 FOR VALUES WITH (modulus 32, remainder 20);


--
-- Name: wrapped_keys_21; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_21 FOR VALUES WITH (modulus 32, remainder 21);


--
-- Name: wrapped_keys_22; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_22 FOR VALUES WITH (modulus 32, remainder 22);


--
-- Name: wrapped_keys_23; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_23 FOR VALUES WITH (modulus 32, remainder 23);


--
-- Name: wrapped_keys_24; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_24 FOR VALUES WITH (modulus 32, remainder 24);


--
-- Name: wrapped_keys_25; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_25 FOR VALUES WITH (modulus 32, remainder 25);


--
-- Name: wrapped_keys_26; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_26 FOR VALUES WITH (modulus 32, remainder 26);


--
-- Name: wrapped_keys_27; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_27 FOR VALUES WITH (modulus 32, remainder 27);


--
-- Name: wrapped_keys_28; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_28 FOR VALUES WITH (modulus 32, remainder 28);


--
-- Name: wrapped_keys_29; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_29 FOR VALUES WITH (modulus 32, remainder 29);


--
-- Name: wrapped_keys_30; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_30 FOR VALUES WITH (modulus 32, remainder 30);


--
-- Name: wrapped_keys_31; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys ATTACH PARTITION public.wrapped_keys_31 FOR VALUES WITH (modulus 32, remainder 31);


--
-- Data for Name: approvals; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.approvals VALUES ('request-d8f9793b', '20261101T090000Z-52f21826', 'root', '2026-11-22T22:39:42+00:00', NULL, NULL, false);


--
-- Data for Name: disposals; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.disposals VALUES ('20261103T090000Z-dbab6aab', 'order', '[["recording", "20261103T090000Z-dbab6aab"], ["key", "899351621bc7254b"], ["key", "e9ea51da2353859d"], ["object", "sha256:887551ebb68bc5c083808eaabcb8bd65b56c28134374d519822de715400deb08"], ["case", "order-77"]]', 21);


--
-- Data for Name: found; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.found VALUES ('CREDIT_CARD', '20261101T090000Z-52f21826', 1);
INSERT INTO public.found VALUES ('UNHEARD', '20261101T090000Z-52f21826', 1);
INSERT INTO public.found VALUES ('CREDIT_CARD', '20261102T090000Z-bcae53e0', 1);
INSERT INTO public.found VALUES ('UNHEARD', '20261102T090000Z-bcae53e0', 1);
INSERT INTO public.found VALUES ('CREDIT_CARD', '20261103T090000Z-dbab6aab', 1);
INSERT INTO public.found VALUES ('UNHEARD', '20261103T090000Z-dbab6aab', 1);


--
-- Data for Name: holds; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.holds VALUES ('20261101T090000Z-52f21826', 'case-1', '2026-11-22T22:39:42+00:00', 'root');


--
-- Data for Name: keys; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.keys VALUES ('899351621bc7254b', 'safe', 'escrow', 'active', '2026-11-22T22:39:42.402335+00:00', NULL);
INSERT INTO public.keys VALUES ('e9ea51da2353859d', 'second', 'main', 'active', '2026-11-22T22:39:42.432460+00:00', NULL);
INSERT INTO public.keys VALUES ('472e871517c02ff3', 'main', 'main', 'retired', '2026-11-22T22:39:40+00:00', '2026-11-22T22:39:42.550365+00:00');


--
-- Data for Name: recordings; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.recordings VALUES ('20261102T090000Z-bcae53e0', '2026-11-02T09:00:00+00:00', 8000, 2, 'interrupted', 400, 'line', 'abc', '{"CREDIT_CARD": 1, "UNHEARD": 1}', NULL, NULL, NULL, NULL, NULL, 'unknown', false);
INSERT INTO public.recordings VALUES ('20261101T090000Z-52f21826', '2026-11-01T09:00:00+00:00', 8000, 2, 'closed', 400, 'line', 'abc', '{"CREDIT_CARD": 1, "UNHEARD": 1}', 'ann', 'billing', 'inbound', '186bb1ca8ecd41cc11bdf9dcac551776', 'id-7', 'given', true);
INSERT INTO public.recordings VALUES ('20261103T090000Z-dbab6aab', '2026-11-03T09:00:00+00:00', 8000, 2, 'disposed', 400, '', 'abc', '{"CREDIT_CARD": 1, "UNHEARD": 1}', NULL, 'billing', 'inbound', NULL, NULL, 'given', false);


--
-- Data for Name: settings; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.settings VALUES ('schema', '4');
INSERT INTO public.settings VALUES ('caller_key', 'c3d2107f4d7c856e');
INSERT INTO public.settings VALUES ('retention', '[{"days": 30, "policies": [], "policy": null, "queue": "billing"}, {"days": null, "policies": [], "policy": null, "queue": null}]');


--
-- Data for Name: waiting_mutes; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_00; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_01; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_02; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_03; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_04; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_05; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_06; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_07; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_08; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_09; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_10; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_11; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_12; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_13; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_14; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.wrapped_keys_14 VALUES ('20261101T090000Z-52f21826', '899351621bc7254b', '\xa8efc6315985ed013d0a8bfb2bc534e5d57f888013540a0e38f65ba8da17e7e8a34000c1f4e3e91a80c07c73a58ab6047b54e4151605623d09fab014854194da8271f4a04059f16847d52574d419bec66ac2301e6e21cdfcc6aca0aa33f7ea4ec0b0744789bbef906e8e7f833f679168cfd3258c0e1216ab719a63e1f975aa60aff5b59284b57e5db0a54dec2b020c972560f8c4e7cfb4d52fa49bced72258d8360f184956697fbb7c6c5c0782c7b96c6596cafbaf6a72fe885ac88d9c0450dec0bb7696eb97f173d33ae4f63522fb312a11869b35ea5e3138307de0f7c201c0409b03fa2a1ce84265afca95055f5057950f2f979561ab480619c5012f5051f3323c94765c92f1d2d101109cd4f888c3e39aa832ff5c057d1af9af16b0841a2e19131bcdb9294dc662d95e642647c37845ca25f13a0b4140948ba323ff6160f292e3592ebbdcf387a871946cf12ee7c5ccd903115deab608a57870079dfa42dbe8094e846966abff141a5b82f649aa292aa928065f91191696d6271205d9f6da0285ee5b3c144642c22c7dbdd5f0fb2bdbc794e838aca0f1b72f1442e784f0e985c72125db7d6bbe02928cb7e4959a2b68e53706b7233008cc3a543f40c7206da25fbcfb15c4cb0c5e9153988b82224e33ff015a582ce0460e4fc381337b6c297adb30a5722d5936bf2e314bf08c53ed7555029a46c2014b829ec0ecc765b3f4355139c8bb9aeed868b3def52ed8d799c010e155fba92d824f4cc390c687b7c39728c3f5fb78449be0327218d20779778fa431056796e683b513942d5174377a52c364f0cbdecf010fbf9b5dceb0fc1b01e46ded074b92130bcdb27b96a2ea8146db104628b4eea3376f212e9e57687debc6847e7f8dfd4da97e478df0e9effb84d16ec0212afb838ce4c23c8f20c45367807b424bd83924e10ce90f2996efab662df95d52a020d873f358668bb59981249dc3b0ca6b3b0cb238ab4a938ce55b164828b98059ade4cbd3abad4c82ee08a9f10403740211bb91fe71ea5813d24cc1d7711b68fa39274ce7ae5ea86287b23e7fbe9c257af8d0404efad72c5228214d44a73cbd87071cbb3580e193a98e7c8ced34b7049403e7bb2f60bdcda97fc43f0063f4946245aa304a6cda98b35e0c542fe32c051b32b0ef3a584f1de757838e4ba2a5a626bd162d9bc0ef1539491cdd3918f4feebd305a1beabe2fdd8de0a5e3c33a1866bae0c18405f3b8f960ca06a1b871b07d74adc7431ffa230161f88c66ed074561a3355a9ff0b75475d552013bb99a62719f9840ec4287bcb870acee5e0c6447ccf0bab1c2252223e8304a161a92af85c463b14b0fcc9ad8808a2f821673f81f67604d72a8753e018b0ff71bdfcdabe30dc5a51a50277cc27425c0a25965db2c912994c21803405b949b8fcddcf2d7631133751951d37d8f41f7d42cdb2fe245aa49e978f05e52dfb404e4b211f25cbd457049052b0004ec08b69d7194f5dae71bea224d7f033d88be4ec3a02319a23ea8537e2d1cf2a2c2e1838af86ee85bb24798b33f5ef839332ac6f0e9d371567311bd6df4a255959c6106c6e9c11b36cc3fbc7ec1384b9de81f2a92906a045b4000319a3e228eb2e38e00971c81b690c3f491886f50ca13845ec046a');
INSERT INTO public.wrapped_keys_14 VALUES ('20261101T090000Z-52f21826', 'e9ea51da2353859d', '\x37a21b36d0299e1e8ae5ad960f5f1a5a266d48b09e73d6ebc3263c1875a043600837153e5c299b9acef2f7b16ce5a9ba1ed53b76784b16827dff4b72b9ff97d2098994a3c545f3ab58eba44fb82975aa1658f01159b6c035183fc4356aa708068100d6661dd8759645a2eb70ec81edcedd040a3697d7cdb8a3f3995b03965b255a95cd9aa388911aef002b69a9c646ee92c61dbc6d13084d78146347ff0f84295ae63972968d4c8af22db100fdab582c3bfd7c65b6a9c0b39f98c29ead89726a73a68232d27501fbee2bd4138b8a406af489ed691abd28af56e53bf10c8ab3728c4214e182f0b37c9e49cd5912e09ccbf425d3c42e090f04c49e341861f2d592608afec2fad805b3f8c94f0f69eb3da5254bc31bcc138b8781bce8b5ac33c9036fbf3ef0ab03ee3b981198035f43cec8c6111e5110515526c4794a9c7d9f350686dff2605c65f189beffc2c6cb19e8ae540fc1cf2b440a6c88796dea4a0f203e21de92a35d24ea30e518f027493257ab93608ccf2ccf4c6c8028b5e919af0b98c62c6850eff3a2f482e04951181b00d8591b7fdb5475e6c9de606ca59c8562f6c0870350b63eeafd1a5f6dede34126ce9ae6d256e80a213b54738895d40f3fca6ec2bcf3bcfcb35258109ecd72a22f0cbf1e6288cf2f77d5a8c03cdc85f4d055c9ab40dd841ac279799a26f61f52deb40506cfc9eceafbc5c0cda87ab0531f58b9b7355e897da2e7523d11ee41aa1d15aa463b8875f1833b40da3e7aeb5645526f9dc00c607ff8049ae2539247f0148849877a692ea6b725b24476191053bd2d6725bb6b7155d517e7af3a399826f58c53131ec0c1b4ce5dbaf3568f4b00b4a5b218776a67a01b54f843a889b79e8af364c6cd8ee84cab96d2514bef7a390fc3b1827e1508dd039d6f64e03b1034a47d9418589b099c9bea154453d3a702453807020a04d26dbe697886942aaae1bb1b88bb2a1891279a2e418efbee2cfea9dc06914d0ed834444b8730eac92ebabb50c4fb7b8803a921c81b521788444cd360f535d846572db64296539550c7e65e0466e8bf2a853e8a9554732787a0db6d6611955d5503c781b80a06f95e1ba6e64c42636be370403887e4823891f3b0a2e5af7cec002b8965348f4da778edfc77dd6702fc4eb60a7591c35e6de8e24165c7a6a10df03745bd4d9b6efa2ab7d84b1839b01709bee07f507cbc15d5069d58a1290d79602661e35285645a7a02fa6da986202af0cf6dc34f518da65d9c850f4d620ae4e1e29ef247681f7bfb2d129f25235721c8517cb57d471387a24a4d2e3d7f9603d38228dffd2c8d9b082c58f04b5ce522c19eb850260ce4c327dc893a2b03c9aa6edac53f82f33ee5379f5581a068b6afb36ace74b70b8b9ce61c01ae396cc7be394930133cca7f10cdd08e0ed63c035ccfac3daeede3405e24419b024d07a0631756104526fb3b2ebf27cba11837bf91cb61b477eaf4f8cf2b3d02836f6465785068a36fd83e3e015cdcf225c269ce26f802d5960ac63ef2098b60ad211619f483b8fd4440ef3d160f89bbedc9787ab7bc9930fe0430ba0077d4c5cd4a8638a5f90befe79fb8a887c3be388277a96d746058fd3861bbc83a8daeec27326b3d1ca8833f1ff9db37a2265bc20e53');


--
-- Data for Name: wrapped_keys_15; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_16; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_17; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_18; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.wrapped_keys_18 VALUES ('20261102T090000Z-bcae53e0', '899351621bc7254b', '\x7f139a8dd713f9db419f9dbb9bc85dc00d7496965afc5b8a40b21628c6f80208e2029d0d0ed0405bc94ab4fae22ed48e3f3826a12fe4bc88adb75ce4b3498575b6e4c47690f44a06ac40422ed6b0a2173872d566259c750e209b61fef78bc1be8cb784c2d7ccf1c661502de3478e09b073888105bb7214c6a1a2098933266382716083b1896b289ec444a4a2fb26cf58a0998241b9007dd83f43aa2cb9f4a31b9b837ab71d7460993993df4904110beca82591e6899c5fa31a147de62a6c2ae500cfe21d8d3d1010f74a6f5732f3292f60b7bb543fb55582a16bbdea9b21eb37d5b478ad697c966810a3f3065eee7883b88ccc3d9f35ed50d3327d73905d2dfbdd5f37747bfc050d325a4850548ce8107f844d9b1ef5a9ff088831049b26168fa944b78e2f1ab6e60a862fb0e228a7f8400603b4f27dba0f18b3d85bf059aed75f5ef2649d409d2d6623cd852b532bcb6a6e5985bb7ad53e6c933a276662db46ea06bf576b96eecaa2c724138a59241d4f14dc58daa2e5545703e2bf0cdc2af868b4a0e56398bfaebbddbe504a13350463d4053c1791a0f17e45d9338991e79c24f149f02d92e0b3ea9ef9182d77141cc9f8d388a86cf15eb752b9387e5f09fec42f5d2e19d577d8fe70f44558dbd115396450bc0bf774ead20c01eb2b114e9b4f09465e95191e256af8cd6b5291d596df075eb893b922649598b9d3f2a8f5ec4a74e3c31120e0f62c26ac62991747a5b365be43cdd089a707d117948bc84505d6d51b555a1dd032da443fde6a7868f8973ab223ca7f077ea5c61002bb9f4f5b6e5172c66d54218e64a1692e6bca354d2a48522b1ea3ffcba6280c07a8120f6623d1cc596a00e8273d8b0ba03e5dda7d64bca595b6f7d9b1ade65c5af0d48578160b3b7994e330584058744be68807af4f6f2081c9f6b6ca94ca5a4a2a05a71fc063aecd93fd0025bba5a0f54e39ab9a89387c6f513f2ed2cf5884592fdaa01c1a964077198616a8ed3564fcf9df1c8319837b854726d83502bf1b2fffaeb3dbe54c1c4d29228d035136ce8b4836f2d7941037ac0405776a2ba4eb3a7ebd3aeb3383b5ddb90fa6ac74e2c5047e5055d0d1a2f1f9e959b3016c0e37238a5be16f454179ae4bc28e7337d6ff9a44eede3fcb4a62ba702d3f4c8403cde93886ebea8bd6c07d8a99e688a58329bacfd21354dab3f8a9b1a8c0a82dcc1370dc869f62f989bcc235fc61066162f820eb4e86b6e7c65b2458c0fddce5f9b99784369c57a7adba0e3fe42f9a09a179e4fd49d3cef40b601085cc8dd3e292428ef6ecbf5e206acca845c846fa2e7191aa24ac5314597c773127bd3aff00955eb604df87004720707f708753555dd4505f83fbe4315d51152495439f04c40b1a7e552e02c2f3736e38ee9ea3dd3eea18e10435134c0dfba5fd246e73811073f569a906aff378bedf4ca7a8ebdcfc5283226d32262a13672a7a264427090851739963ee23cfb2f6162aad647a76c53a41bc17a713c7f53c7d637a35c668cc57210e9b4e8f616713d1e11b6e8dd5b85eef5cce2559f02795b02aa5d71d5dbc9f8827616d8b12ed71a80ee13ddfbb9572932dac48541689644bdb28f8cb5961cc5727ab30fa33b00d85263a62db4f4f959786b4430ff8');
INSERT INTO public.wrapped_keys_18 VALUES ('20261102T090000Z-bcae53e0', 'e9ea51da2353859d', '\xccad7d62da1f5a0735baa158f9baa6cdb00a3cbc2639e0564340c7473c7d54a71c61b8eb3e4d90f003844588191b1a417b908a2289e1ae4fff0fa5689f538d4341a70f9aa4a81963fb89164ec3196b8fdd6a63c0f4d8c1c6c6a6bda40c2e21c5bf7d80a6f914e200ad922eb3e6752e72e49be43b6feaa96e5dc8d4dd984091b4b7ea00df5fdd88027d10e5c3ac7edece37d97ef22bde8b5461492d4c9d56631d25ed148da4c8d7ccc92b1998009fa3961f9e9bec0b5207a2dd35d80280bfbd0a4d4a748038fbaf169c480dcdf3c32996308dc40dcbb43b7d6cde0b904035d0854ce12e359d1d70dc1bd91bf2e2bad97e8ac61d7d303c4c98a4411f23319f604acd0d171a8f234acf5cb4588b966d2a335752fd10e121e6a5de7afc43e8ddcfb912cf36306c0c015dfe1403c16f5f92d63564e4231a6312807c09ea6378feaa567030f74fcd4be066a7acdabd9225af68517efa39eccddb5a71477df036b9ac42ec4b7be23349e4bfb0c549089a6e2c5dbf25ab34797e3059c984eefc706bbff31398c27d1ec2c7763e7a7bcaf154205c1a3ba033b6e35c00685fb1f7253e0bfd24d5ff3feadb618698e4192e03e8c32a49d4d40d213235c45b8077c54e394dfda275fa1a5ac6483a1dd42ca0561b7bb24f65c0a1d6ea4d279a203769cf5df6b2f416a06e94964703d169d1328cc0812ded7634f60f30504820aecb44212c72ec5db0bc79f55a5b375a3c0c994d3648c11d60d2e4703c71ccb19f34a560ba1efecc7786231096e3e4e4b8217d70be70a31d632287db9c6d9b1b01b43755b1e1b28882d90eeaef0bee2deb9c0af69ffc7d1f2ca796470f1e3b44c790288afd6a6ab44b5d5991b48421e4e61a379e89480333ed0026be61ebdf898706f129ac26c5fc82f2fea06678b3aaa39f86a9156685763d64cac1a877be8ba6a1c8256122b602b3cc8b335213073a09256f9b747486cd245f906eb8edfe637bdfd7d5be6258c2acf136888ebfb0e40ad072c5391bf3bb520e0d0b8e8a50dcd19eb3781235aa6f1d04e6768d40389883b7056ca71c266d2f314915485ff2632588ce54a5c4f2744cfa0bbde4cf3f969227ed4dd15b150a33e904d10da05cc51c3b5f433b6524d5b854e04abf41d3317c42c462287c9f22d02a5da4009d206079c3dfbad627d933347ab766e363f0ad60fe8827614cfe59e71acc53e9a35b3be1106cbc08d06c7876919fd739232f6dbe37d1e88b3dc86e8731e1e108c939b3da5817decbf3e177cf27ac5605f59c62f9a8acc7f8bd7d3ea997245ecf0026af6e50258d73c4b30f7a5674392cb2d1d73b4bc9356d7fda62a0c82fadc3c3260f28dfc33f765671d1eeb50893832001cfdcbb6722ebe38e5fb1fb88892cf46711179217bb1bb2956866e753f93eb9d7b6219693b1c42ba7888a6014be91a9c426adaeb614d77373c0f67f6070d35c9e3cc3ae5e8bb5822379960d0120b5828f0b6ae7e1cf2a03e18095545d60a727073a7d27946437d192d75f4c05f386fc83d0bd6bcc30899da21379906d58abc9c4fe2b6c0fbd7b8ae686ccff4fb762d14206ce9099de66756d099523c715661a7f2e6b8261341bbed86ff6f9b254382d7e29fab7da38fa48303bdc6e949644b755b65ba6a4191e6512');


--
-- Data for Name: wrapped_keys_19; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_20; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_21; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_22; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_23; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_24; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_25; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_26; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_27; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_28; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_29; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_30; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wrapped_keys_31; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Name: approvals approvals_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.approvals
    ADD CONSTRAINT approvals_pkey PRIMARY KEY (id);


--
-- Name: disposals disposals_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.disposals
    ADD CONSTRAINT disposals_pkey PRIMARY KEY (recording_id);


--
-- Name: found found_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.found
    ADD CONSTRAINT found_pkey PRIMARY KEY (entity, recording_id);


--
-- Name: holds holds_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.holds
    ADD CONSTRAINT holds_pkey PRIMARY KEY (recording_id, "case");


--
-- Name: keys keys_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.keys
    ADD CONSTRAINT keys_pkey PRIMARY KEY (id);


--
-- Name: recordings recordings_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.recordings
    ADD CONSTRAINT recordings_pkey PRIMARY KEY (id);


--
-- Name: settings settings_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (name);


--
-- Name: waiting_mutes waiting_mutes_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.waiting_mutes
    ADD CONSTRAINT waiting_mutes_pkey PRIMARY KEY (recording_id, channel, start, "end", entity);


--
-- Name: wrapped_keys wrapped_keys_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys
    ADD CONSTRAINT wrapped_keys_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_00 wrapped_keys_00_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_00
    ADD CONSTRAINT wrapped_keys_00_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_01 wrapped_keys_01_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_01
    ADD CONSTRAINT wrapped_keys_01_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_02 wrapped_keys_02_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_02
    ADD CONSTRAINT wrapped_keys_02_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_03 wrapped_keys_03_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_03
    ADD CONSTRAINT wrapped_keys_03_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_04 wrapped_keys_04_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_04
    ADD CONSTRAINT wrapped_keys_04_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_05 wrapped_keys_05_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_05
    ADD CONSTRAINT wrapped_keys_05_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_06 wrapped_keys_06_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_06
    ADD CONSTRAINT wrapped_keys_06_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_07 wrapped_keys_07_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_07
    ADD CONSTRAINT wrapped_keys_07_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_08 wrapped_keys_08_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_08
    ADD CONSTRAINT wrapped_keys_08_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_09 wrapped_keys_09_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_09
    ADD CONSTRAINT wrapped_keys_09_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_10 wrapped_keys_10_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_10
    ADD CONSTRAINT wrapped_keys_10_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_11 wrapped_keys_11_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_11
    ADD CONSTRAINT wrapped_keys_11_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_12 wrapped_keys_12_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_12
    ADD CONSTRAINT wrapped_keys_12_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_13 wrapped_keys_13_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_13
    ADD CONSTRAINT wrapped_keys_13_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_14 wrapped_keys_14_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_14
    ADD CONSTRAINT wrapped_keys_14_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_15 wrapped_keys_15_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_15
    ADD CONSTRAINT wrapped_keys_15_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_16 wrapped_keys_16_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_16
    ADD CONSTRAINT wrapped_keys_16_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_17 wrapped_keys_17_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_17
    ADD CONSTRAINT wrapped_keys_17_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_18 wrapped_keys_18_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_18
    ADD CONSTRAINT wrapped_keys_18_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_19 wrapped_keys_19_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_19
    ADD CONSTRAINT wrapped_keys_19_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_20 wrapped_keys_20_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_20
    ADD CONSTRAINT wrapped_keys_20_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_21 wrapped_keys_21_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_21
    ADD CONSTRAINT wrapped_keys_21_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_22 wrapped_keys_22_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_22
    ADD CONSTRAINT wrapped_keys_22_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_23 wrapped_keys_23_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_23
    ADD CONSTRAINT wrapped_keys_23_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_24 wrapped_keys_24_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_24
    ADD CONSTRAINT wrapped_keys_24_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_25 wrapped_keys_25_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_25
    ADD CONSTRAINT wrapped_keys_25_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_26 wrapped_keys_26_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_26
    ADD CONSTRAINT wrapped_keys_26_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_27 wrapped_keys_27_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_27
    ADD CONSTRAINT wrapped_keys_27_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_28 wrapped_keys_28_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_28
    ADD CONSTRAINT wrapped_keys_28_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_29 wrapped_keys_29_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_29
    ADD CONSTRAINT wrapped_keys_29_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_30 wrapped_keys_30_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_30
    ADD CONSTRAINT wrapped_keys_30_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: wrapped_keys_31 wrapped_keys_31_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wrapped_keys_31
    ADD CONSTRAINT wrapped_keys_31_pkey PRIMARY KEY (recording_id, key_id);


--
-- Name: ix_disposals_entry; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_disposals_entry ON public.disposals USING btree (entry);


--
-- Name: ix_found_by_recording; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_found_by_recording ON public.found USING btree (recording_id);


--
-- Name: ix_recordings_agent_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_recordings_agent_id ON public.recordings USING btree (agent, id);


--
-- Name: ix_recordings_call_id_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_recordings_call_id_id ON public.recordings USING btree (call_id, id);


--
-- Name: ix_recordings_caller_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_recordings_caller_id ON public.recordings USING btree (caller, id);


--
-- Name: ix_recordings_consent_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_recordings_consent_id ON public.recordings USING btree (consent, id);


--
-- Name: ix_recordings_held_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_recordings_held_id ON public.recordings USING btree (held, id);


--
-- Name: ix_recordings_queue_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_recordings_queue_id ON public.recordings USING btree (queue, id);


--
-- Name: ix_recordings_state_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_recordings_state_id ON public.recordings USING btree (state, id);


--
-- Name: ix_wrapped_keys_by_key; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_wrapped_keys_by_key ON ONLY public.wrapped_keys USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_00_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_00_key_id_recording_id_idx ON public.wrapped_keys_00 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_01_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_01_key_id_recording_id_idx ON public.wrapped_keys_01 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_02_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_02_key_id_recording_id_idx ON public.wrapped_keys_02 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_03_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_03_key_id_recording_id_idx ON public.wrapped_keys_03 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_04_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_04_key_id_recording_id_idx ON public.wrapped_keys_04 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_05_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_05_key_id_recording_id_idx ON public.wrapped_keys_05 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_06_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_06_key_id_recording_id_idx ON public.wrapped_keys_06 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_07_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_07_key_id_recording_id_idx ON public.wrapped_keys_07 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_08_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_08_key_id_recording_id_idx ON public.wrapped_keys_08 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_09_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_09_key_id_recording_id_idx ON public.wrapped_keys_09 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_10_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_10_key_id_recording_id_idx ON public.wrapped_keys_10 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_11_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_11_key_id_recording_id_idx ON public.wrapped_keys_11 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_12_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_12_key_id_recording_id_idx ON public.wrapped_keys_12 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_13_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_13_key_id_recording_id_idx ON public.wrapped_keys_13 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_14_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_14_key_id_recording_id_idx ON public.wrapped_keys_14 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_15_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_15_key_id_recording_id_idx ON public.wrapped_keys_15 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_16_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_16_key_id_recording_id_idx ON public.wrapped_keys_16 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_17_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_17_key_id_recording_id_idx ON public.wrapped_keys_17 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_18_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_18_key_id_recording_id_idx ON public.wrapped_keys_18 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_19_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_19_key_id_recording_id_idx ON public.wrapped_keys_19 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_20_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_20_key_id_recording_id_idx ON public.wrapped_keys_20 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_21_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_21_key_id_recording_id_idx ON public.wrapped_keys_21 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_22_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_22_key_id_recording_id_idx ON public.wrapped_keys_22 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_23_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_23_key_id_recording_id_idx ON public.wrapped_keys_23 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_24_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_24_key_id_recording_id_idx ON public.wrapped_keys_24 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_25_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_25_key_id_recording_id_idx ON public.wrapped_keys_25 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_26_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_26_key_id_recording_id_idx ON public.wrapped_keys_26 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_27_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_27_key_id_recording_id_idx ON public.wrapped_keys_27 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_28_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_28_key_id_recording_id_idx ON public.wrapped_keys_28 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_29_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_29_key_id_recording_id_idx ON public.wrapped_keys_29 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_30_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_30_key_id_recording_id_idx ON public.wrapped_keys_30 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_31_key_id_recording_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wrapped_keys_31_key_id_recording_id_idx ON public.wrapped_keys_31 USING btree (key_id, recording_id);


--
-- Name: wrapped_keys_00_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_00_key_id_recording_id_idx;


--
-- Name: wrapped_keys_00_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_00_pkey;


--
-- Name: wrapped_keys_01_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_01_key_id_recording_id_idx;


--
-- Name: wrapped_keys_01_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_01_pkey;


--
-- Name: wrapped_keys_02_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_02_key_id_recording_id_idx;


--
-- Name: wrapped_keys_02_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_02_pkey;


--
-- Name: wrapped_keys_03_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_03_key_id_recording_id_idx;


--
-- Name: wrapped_keys_03_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_03_pkey;


--
-- Name: wrapped_keys_04_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_04_key_id_recording_id_idx;


--
-- Name: wrapped_keys_04_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_04_pkey;


--
-- Name: wrapped_keys_05_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_05_key_id_recording_id_idx;


--
-- Name: wrapped_keys_05_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_05_pkey;


--
-- Name: wrapped_keys_06_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_06_key_id_recording_id_idx;


--
-- Name: wrapped_keys_06_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_06_pkey;


--
-- Name: wrapped_keys_07_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_07_key_id_recording_id_idx;


--
-- Name: wrapped_keys_07_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_07_pkey;


--
-- Name: wrapped_keys_08_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_08_key_id_recording_id_idx;


--
-- Name: wrapped_keys_08_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_08_pkey;


--
-- Name: wrapped_keys_09_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_09_key_id_recording_id_idx;


--
-- Name: wrapped_keys_09_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_09_pkey;


--
-- Name: wrapped_keys_10_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_10_key_id_recording_id_idx;


--
-- Name: wrapped_keys_10_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_10_pkey;


--
-- Name: wrapped_keys_11_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_11_key_id_recording_id_idx;


--
-- Name: wrapped_keys_11_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_11_pkey;


--
-- Name: wrapped_keys_12_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_12_key_id_recording_id_idx;


--
-- Name: wrapped_keys_12_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_12_pkey;


--
-- Name: wrapped_keys_13_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_13_key_id_recording_id_idx;


--
-- Name: wrapped_keys_13_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_13_pkey;


--
-- Name: wrapped_keys_14_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_14_key_id_recording_id_idx;


--
-- Name: wrapped_keys_14_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_14_pkey;


--
-- Name: wrapped_keys_15_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_15_key_id_recording_id_idx;


--
-- Name: wrapped_keys_15_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_15_pkey;


--
-- Name: wrapped_keys_16_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_16_key_id_recording_id_idx;


--
-- Name: wrapped_keys_16_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_16_pkey;


--
-- Name: wrapped_keys_17_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_17_key_id_recording_id_idx;


--
-- Name: wrapped_keys_17_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_17_pkey;


--
-- Name: wrapped_keys_18_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_18_key_id_recording_id_idx;


--
-- Name: wrapped_keys_18_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_18_pkey;


--
-- Name: wrapped_keys_19_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_19_key_id_recording_id_idx;


--
-- Name: wrapped_keys_19_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_19_pkey;


--
-- Name: wrapped_keys_20_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_20_key_id_recording_id_idx;


--
-- Name: wrapped_keys_20_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_20_pkey;


--
-- Name: wrapped_keys_21_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_21_key_id_recording_id_idx;


--
-- Name: wrapped_keys_21_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_21_pkey;


--
-- Name: wrapped_keys_22_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_22_key_id_recording_id_idx;


--
-- Name: wrapped_keys_22_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_22_pkey;


--
-- Name: wrapped_keys_23_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_23_key_id_recording_id_idx;


--
-- Name: wrapped_keys_23_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_23_pkey;


--
-- Name: wrapped_keys_24_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_24_key_id_recording_id_idx;


--
-- Name: wrapped_keys_24_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_24_pkey;


--
-- Name: wrapped_keys_25_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_25_key_id_recording_id_idx;


--
-- Name: wrapped_keys_25_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_25_pkey;


--
-- Name: wrapped_keys_26_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_26_key_id_recording_id_idx;


--
-- Name: wrapped_keys_26_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_26_pkey;


--
-- Name: wrapped_keys_27_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_27_key_id_recording_id_idx;


--
-- Name: wrapped_keys_27_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_27_pkey;


--
-- Name: wrapped_keys_28_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_28_key_id_recording_id_idx;


--
-- Name: wrapped_keys_28_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_28_pkey;


--
-- Name: wrapped_keys_29_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_29_key_id_recording_id_idx;


--
-- Name: wrapped_keys_29_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_29_pkey;


--
-- Name: wrapped_keys_30_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_30_key_id_recording_id_idx;


--
-- Name: wrapped_keys_30_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_30_pkey;


--
-- Name: wrapped_keys_31_key_id_recording_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.ix_wrapped_keys_by_key ATTACH PARTITION public.wrapped_keys_31_key_id_recording_id_idx;


--
-- Name: wrapped_keys_31_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.wrapped_keys_pkey ATTACH PARTITION public.wrapped_keys_31_pkey;


--
-- Name: disposals disposals_recording_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.disposals
    ADD CONSTRAINT disposals_recording_id_fkey FOREIGN KEY (recording_id) REFERENCES public.recordings(id);


--
-- Name: found found_recording_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.found
    ADD CONSTRAINT found_recording_id_fkey FOREIGN KEY (recording_id) REFERENCES public.recordings(id);


--
-- Name: holds holds_recording_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.holds
    ADD CONSTRAINT holds_recording_id_fkey FOREIGN KEY (recording_id) REFERENCES public.recordings(id);


--
-- Name: waiting_mutes waiting_mutes_recording_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.waiting_mutes
    ADD CONSTRAINT waiting_mutes_recording_id_fkey FOREIGN KEY (recording_id) REFERENCES public.recordings(id);


--
-- Name: wrapped_keys wrapped_keys_key_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE public.wrapped_keys
    ADD CONSTRAINT wrapped_keys_key_id_fkey FOREIGN KEY (key_id) REFERENCES public.keys(id);


--
-- Name: wrapped_keys wrapped_keys_recording_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE public.wrapped_keys
    ADD CONSTRAINT wrapped_keys_recording_id_fkey FOREIGN KEY (recording_id) REFERENCES public.recordings(id);


--
-- PostgreSQL database dump complete
--


