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
-- Data for Name: disposals; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.disposals VALUES ('20261103T090000Z-1f5dfdb8', 'order', '[["recording", "20261103T090000Z-1f5dfdb8"], ["key", "384d6705142c1927"], ["key", "f10911f5bac2b912"], ["object", "sha256:277c51447da51378b8278eefa283d4c3c8c959f90b3f07ad55acdc2897d14a68"], ["case", "order-77"]]', 21);


--
-- Data for Name: found; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.found VALUES ('CREDIT_CARD', '20261101T090000Z-9af15681', 1);
INSERT INTO public.found VALUES ('UNHEARD', '20261101T090000Z-9af15681', 1);
INSERT INTO public.found VALUES ('CREDIT_CARD', '20261102T090000Z-58414092', 1);
INSERT INTO public.found VALUES ('UNHEARD', '20261102T090000Z-58414092', 1);
INSERT INTO public.found VALUES ('CREDIT_CARD', '20261103T090000Z-1f5dfdb8', 1);
INSERT INTO public.found VALUES ('UNHEARD', '20261103T090000Z-1f5dfdb8', 1);


--
-- Data for Name: holds; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.holds VALUES ('20261101T090000Z-9af15681', 'case-1', '2026-11-22T19:48:12+00:00', 'root');


--
-- Data for Name: keys; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.keys VALUES ('384d6705142c1927', 'safe', 'escrow', 'active', '2026-11-22T19:48:12.304820+00:00', NULL);
INSERT INTO public.keys VALUES ('f10911f5bac2b912', 'second', 'main', 'active', '2026-11-22T19:48:12.359616+00:00', NULL);
INSERT INTO public.keys VALUES ('3af096abb69104c4', 'main', 'main', 'retired', '2026-11-22T19:48:11+00:00', '2026-11-22T19:48:12.496215+00:00');


--
-- Data for Name: recordings; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.recordings VALUES ('20261102T090000Z-58414092', '2026-11-02T09:00:00+00:00', 8000, 2, 'interrupted', 400, 'line', 'abc', '{"CREDIT_CARD": 1, "UNHEARD": 1}', NULL, NULL, NULL, NULL, NULL, 'unknown', false);
INSERT INTO public.recordings VALUES ('20261101T090000Z-9af15681', '2026-11-01T09:00:00+00:00', 8000, 2, 'closed', 400, 'line', 'abc', '{"CREDIT_CARD": 1, "UNHEARD": 1}', 'ann', 'billing', 'inbound', '20ea4424feaf0d979c590ac0952f52b2', 'id-7', 'given', true);
INSERT INTO public.recordings VALUES ('20261103T090000Z-1f5dfdb8', '2026-11-03T09:00:00+00:00', 8000, 2, 'disposed', 400, '', 'abc', '{"CREDIT_CARD": 1, "UNHEARD": 1}', NULL, 'billing', 'inbound', NULL, NULL, 'given', false);


--
-- Data for Name: settings; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.settings VALUES ('schema', '3');
INSERT INTO public.settings VALUES ('caller_key', 'a8075bf33b3e6bf3');
INSERT INTO public.settings VALUES ('retention', '[{"days": 30, "policies": [], "policy": null, "queue": "billing"}, {"days": null, "policies": [], "policy": null, "queue": null}]');


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

INSERT INTO public.wrapped_keys_08 VALUES ('20261102T090000Z-58414092', '384d6705142c1927', '\xd063b70fd2d7cd574903c83cff1c8b6c4ecf15efc4f6ba5a014d147dd7a5df3171bfec55a5619ab7e4af4c90c2798eac7fe2480abdf517b4327fb55c89601901a981cab04a8f1677666eca6ff3d5f2976277dbad46b4451ab24fee7becb580d0013fdf5d42b31a6134599575ee6bf673975352599cc12cd5e82af71c56299c65fa8e259a21ba002412a2821ba5e56ed50781d9c909d116b2584ddedce2ea693adaeb40a0c79a772bfd554df30be78f97647c5d68a65029e03c29737c184a97abf99b6f9fb9c1a8bb577bb017e3c2f3b9fb7a25a1db80f9cdf2f6358e54a7b6ba3e111970ec3c418e0f534c4e20b7fff665e0cc3580aa59c1e6b3179e4bbb24d7636afd3a70f2f5c0ba20ef12de21e303908fc2d799f634f428e19561082c099a542b9af9e4b0f43b7a85913ea87c11e7693b3a083e6a9c73d295d29e44f069b9da2942694bf6781c3ba975b5847c693e86fd677ee2cbb73afd88e53a64279cb993b574ba1ffe6de57e3a076c8ba39672a3da39ea364124cf79f5126151d139d816d445edb83eeb4e3c9fef57f0c5f2f881ea5555ecc263daea14a6c28a8a953d55eb70fc3e44f081c3a29487b6d92290a5d023814b046455bed2b324ac4425f38bbc5a499750bb6b165c69c269ac6e0cc93f3e9ca6955c8525f695ed85a6423b900e9ce759916635dcd5b5f74d7be8b2ebb1ea928a4ba985c46c6b6358257973f66854d440f9f3bec1643a7abd11d18765f08d541295db809106926e95a7322d87d870d3c8fe4fe3514236068a382ea7784bc0c67fca46601c1f6d804a325ebb88813e09fdd6ffd7c0e4218dcf30e65386807db453799b67c8b6324aba25ce70858fa1fdcbfd38f42d015ae44944beee6c78cc376edab2bf490a0d712bda5208c8f0b5cab17099f5adc75b8a0c318b89a7b585b28c6f66b6074d3c7d93dc2a31619e57d97e4ee3a5ddcdf958b093b2fdc7b134be57914c4bc45a653ddd496fb0032800dbbdb955ba1fa63d8afb31ba7a6f706145050823b89b8c2b0fa8390aa28002d0f36bf343ec0f4e148490a2175c2aac0f265fdd128afa4fd269f0f7589b689ca4a775f6b8bcb740e6e931f543928edf795bab28b3755b82f7950c10741cb68ef8541e6045ea0fbed173fe3c450b1b6869d3d4a7e230509d21f062ecd576e8a67b81e932bfd4c98a31b6d269d50b5ad4fb0e7900f261894852d44bbf6c03809797e70094f53fd675e28cacc52a816f8cb7f42870b9d2ba94fc8753c5bb19ee532429c70fc662119f8b2de6baaca899a0713c8a7423e6c03a307b86bcf32171f0c6aabe6777cbcc069115b54732c0b2998893d5b787143b6051ebdf13fa6f8e4ef658071ed4fd1f2cb8fc90e16df976f434d8b30c7b6ca6a0b87d8d2658b6d0a53340a69e4d79b700e333877286f543117cb59217d104b0dcdb2208c7bdf2fdf08f54b49ea777e9d9b0aeb8c5f3b5ee47177950e43fc484995b79ab11b0d7840a83ef9f847670b4bc56d44758b08a79e632a1e5015cdbc96306ca40c6b0336ee077b5566b2a6cd22a7cb181081c95fa47ed7735f4553411f78c69af160775f35959a33a20312b90cb31322fa91bb860c2529ee3f8c33eb09748380fbe8d333458cce8f8f5e3ee9a3388bce759c5dd');
INSERT INTO public.wrapped_keys_08 VALUES ('20261102T090000Z-58414092', 'f10911f5bac2b912', '\xa3502a8c6d6905516c6c8fc1642c91b72ed1eb358c5614fc4a02deb7c4278fead7ba44b6f70df9d82c2b3bb707f51de66ec426003c93f17a0033ae1465ab75481990f7d0f592b4ced4c825620ff854130d86b9bbbb3e4d0ad53715c50a8a91a64db43458b65df2fffd4ab3d4c88b951e9b4fccddc2efa96767005abfc84cb931f42eeb5e4be12776515f9d8f78994e82819deddf4a0eea2d8aa2d745682d4d6322cdab13c2b02d9ed17ff518cf01315ef3169c7b88adc74ba5372c84f570f849c17ee292bc0b55f1eb1eca0248f78fed1d8d36c60c8318089e7d1cd7ca305e0222ebcca35a6c0fcafed2b4e1aca8c1ce9d1f23207f689fe94f28c5031eae63726c3c66a2acdc5cf73dc5425397ebf9e6855f9aaa4ff6cf5af354c367edcff466a40a6d90357e42d61c5c428df7c66300824a1eb44bd6c4f58334bc58b03d2f70a5455895f850a761fe782fc763425854ca8e56cb7fa86ba0e5b76c5e23814bb90718c9f8e7b4e522fc91e38b3a2739876c0fda96c2833435b1d3f05a522c60f1e3316282ed3e67ee323aee950ebf0bc0bd00e1bafa29416769a25ceb646ffb8bc678ae11ab88becf02a736bbafebe5789258d5ba7ebb540c82c716ac5299f91560a3245c83d0838f58d34efed238b0411c58e51a8457c63ec12b76081ce65a9e94a4100850a6c3178f45504f4e6501cd08ef325923d5f83b695e205ed1ed3814f42991eac17015ba2be2c7e195d6147888e8ce80bdbd3a87305b0fa53bc499bb0fe0d9074e6489a170de8b2dad2a7375590754fba8df7f8f6c54b4b0fa0d33ea3e3a327edbf351321b6d0665b01b72f31f6d826ef1df309b6782c6b1a991a9a0a146e5fac767957c0b0ddc1d436a131f7f809cd6f2b79d9e56c674d2bbcb8831f50dcb89a6f0f10925ea99c602c083699a17d0a9c24c0e43ca09bd7591360d2406142e6683ef69ad6ef2f43eb54c1ae033878b9aa89ba7eb235159b123f021b8f7e1cef0457dc2d4e2cc2458436614980568946070eaddc9845af80f39aaf013bddc85fdeb7e85965c5c4fcea81bdfb71ac8342eb7092e2e24b8b8e2adce5b21401d986e06ebf01ec61110137d3e44166c51f6921879790889096b185736bda529e0c8fff77b12b9003c97b6990509a2c9dd81beadf81ebd0648b0ed8b807eea8e4c9d60695856ac958a336c0e0ad9b81d323e1ebf739c3c136daf401ed44c53304056bbef7410b658da3f0fcf07693491271ffbe5865859efcbd79a81cd52246234623a40b8dd403fe6a988f3e6aff6ede8e4ee075e184b3ca2ee4af42b0580c9e1952dd182e0a4dcbc319a68aaf615bab313b41461262c8b800c8c88f349142d4ff96f51af02ca95050398223e3b0640eec5af325f99002905149937a5a4d86e48fde77d6870a091182c8030e1fc81de47f4510f165e2258840d22080ddcfbd003e6851f38c86904b0388472a9ebb7324fd0bc9f5ca6baa184ec8282d3144a60922e05edbb0cf5d1814d94563c57edd5a969dca78fa8d9a76fa1cbae34c88d104eeb330f9c9baffcd995ecdb8ee7c34f9ff5f7f54a53500f074809508cff7a4a82ff6c82a264e22ea302e5a8ff8d0cd999dde646735d72753774cc65ba4e7609331009abcdaa744e695da140df7ece');


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

INSERT INTO public.wrapped_keys_13 VALUES ('20261101T090000Z-9af15681', '384d6705142c1927', '\x56c45a92ea6288b071f3d19a47ca5a434cdd8e3311d68965c1342a6a7456b5dca0ca36a4893571455ca1325f7cc888eedbdfdaf5694667a71a7339eb0056fd1b88efaf88cc7ae7b3a538e3ab325e5df52667787e83affdba36e12502bac7d6f5c17748a5155b03e74bb39a7c66d96fe93c0d378bf574c4443783bdb0afd9232965a592f9f021a47373a2904aeb8b98b0c9fe7302f87b58a227d3f7bd5dc8ff58f12daf87a6cfd80f5d37479b3d086632f46f1be3bbc4fa948f3cd2fecadd252e7c98eafd1e034d7be98a313199531ad8d19d3f11608d8cf2a19d7b4845934f2f086ac255147fd26eac29a6facb03dc93d42b5f96299b416673eabb7800950f68edcdb6205811384e36c1a992052ac97eb6b8a3bc09c39aa05a398119007ea8f55ce648cea6917b919ad3cf3bee2285674d0977f2c5df4d85e94bd1b7532ec570509e083fbc99075e714a152471aeb7ac7a3fc1939390773e2314189430dfe896826b350c255bfe03380b7d695fa64ff80a0c3198cc7357d4017af0df1de57c6de04bd463d300f066c31479afe11dd658e1dc1a27ce504208c7bc4146947557ead0b8aec0ea1536370775241469b9ad9c5fb70c1a231518cde105a76a232be5adb09ac92e8df07d16c27656d2ff8dc99d1dc71aed8996a7d2acee7d288bec59555c4e2482fd126fb0494b62e63d6fab9e90231feccfda40570ad4c5630fba2f6dd9ab838821459b22a8aa2169348ec98be4db4bcfcf90707f5af40165ad3bc2cc61edf5b13e1c46f58b94d9fe3d73208c03514d92be4d81e44aff8c4a391355059cf805cdc0c99193ba8d5bbe8ae90f6d4fadab8de5486f5f5e216641d9a47ec23b83e21687b9781ceb0c5b4a1eec89096c74195464e4e1fc1ec5248f7ad9cfc53e48d437fa74e711d14c9af3b8db540873d21b91574c1abdcfff9dfa6ee352f8e28dbe8a5e274e74eba440874d7f0c159bf60fd1a7d5ee1ed66dc13f47bb6430195a5f9d6e0515c5dfec121cdc8467d6e29b987db141e970a467bf29811124a8a1352996f681708b12afb5a900f654d626f05fd5652316d64c4f476830205ac7cc439bd6c9fc81840e9db8ab7226e53c07173a9994e372d9bd6ce700db4057860096a3e427b6656b2d44583b30286d8df6361f4b63f1f2574cad2a98c72e7c261f032366daae41724103a6abebc53c8d0ac10846dc92ee133c4ec1fb85e032a4de207ab889ebbd5174f0f4908b568dfbc07f0daaab575841760e7244956cfed96ede2375cc0e4150a2e098f8deb91ccbd4a07d376f1979a28744c36c4736ef7bb368615199a9b174df4f30af1177333835e72338574f777dd745e46698529052448c8a570d42eeb9b68c5202a11f5215268a01f5c7ab1764047b46f93208d0b4250054cca98c92cd8e219c164e0d03a0f9f1c5353ae641e4ab991f2480ef4de101d9f3dd1aa7fcdfcb763b4816a70f56c2820d91e50dd8ab0a76e4c2e702983509f9d092897ed93cf36f8cd47dd295c4fb0b786ae675711d27d388c57c3ff0ee20486c8320706b9207ea4ce9528b331f2dad8c1752a6217e27119e21aed2413753778948edbba338b4f521c3d5b0b51a7154d32b975629dc221a20a2de17538fa4c272dc9f6349dce5043101176f1588');
INSERT INTO public.wrapped_keys_13 VALUES ('20261101T090000Z-9af15681', 'f10911f5bac2b912', '\x1f03dcd133d58b1967b7db4d7bbe1f1abc2d79b9238d1362ad6ed22dee9d8543d9114add00459a7aae0fb06eee62ed0d259a2d6c941f474956ac9e02574d3fae9be3b36f99bdeab068a6da00fe68a6032179d00591feaf724bbe1cb0676cee4cb510a8611731167a89026c9469c39394256c2a440450b9c8472d6d7e7bfa76a55bfe1a92af5cdcb95ffc6531821eeaf1d248da690662d00de6d76e0fe86dda47ce8a7ed3ea66515be22adbb1877359fd2f046827adf85f4f5df72415086cf8e695a08850007604923f9dd1a00b4523d23ac0ec8efcf3a819443764599ae86d576a61b8e1d086224bc3976a164d4dc2eafa8697277f35c62eaf6452cc908f4294991d089b0a24297b41c96d89dae50f3fd70e95fb1296bdd9a29d2a3ac55e93a0ac5b75fb853f358ac0c1d611ba5cdab16ba1ef119d125a6188f4a31fef776bf0f48d14fae4269892ffceec4d1a70593a080d23cbeb9846b85bbe25e27ed469e1e944ded698d4d5987e01361fe22653904f48a2f49a43c7142bdccedcfe55c0b9906bf42d73d6cac3fa0e612803a5c968e505198d7ba17e8c18a0a4de9564203c542a798df00f0ed9a3822398f3d17fe0eafbf487b544505a7d75bf1450cbda1b54296e84dfaac31e04298645213396720ecb3d63c4c98a18c182e1b6acae6f1ee7cc6015f0919e0be1f6d0a2e939408c086bde8d37375ffd4eedf9354f963743199ffec1ec43a116ad4d4c1542a088ae713afca3917ae55ef29c5f8bc07971d3dba15bd4212f5280488aed8e5f7fdc4aac56744b338ffce42b183cfc6f54d60ce2074626a7d8c97a87b78ac150a3623b6a5f1e5b07c6d4e64039d99dff6839a9146d2b5c9e9a83385e41a5a910a079a3c27ba8f7b2eca2baf11b43dad73a482d98a200d1f5317d1a0ceea9df099c3d971cdefb966672d94f6d5503ff1979fccd1a4f377ca996e88eda488b0babb8840208b8d92ff69899a8350556d8acefb2fddebfa63e52e45822ec7a52baced3bd850c8ecd6f2c9617472f61ab45e4292bac4ebc4433f547a7a14a4592ad6cbb1f5e2686166ccec05bb9413d30ee716ba704c224ba923c4284c0cb24c92571f4f7f01106cbbabac3d37395f4def409ebfaad7903d57ce60054fd9043792c0c4266fbf921b7330e7ceef269bd8c7a65465854df6ab3e1b79a6c03470932d28bc5308316c99f6882f4348888f1d11950e80ea7f2f9cb1fbc041a2422342ec7c0d99d75ba71b4c1deef9a6cd54911bca9f4eb3deb28ed89828f0c575ac261302bbab97cbe222db3b7e5ffc13ab105a9c0bef9d4268929c6734c03c9677b4375bd469ee89722fb6fbd10ca58ce04a6076f59cc5f9816435cfe93e78a2a24420d93b794143e19a3b680a0b34a1dd16391d9d8c0e3259e6357ee2d6f86e154954deff3996049be5f72f848cadfc65e511309b1859492404110c6b839f7c074d5a306e02d4ecc8e58fe40041db75a3d36b60c860c5ff611c62167c2bb97c3738187985bea976cac82b6f2c67fa1c09f1fad5fc5cced47c83aa4bc7f79a4246c00c6b98a9808f664dd55e923370b5d78b87715a0900d0dbc3122d8092402dd2c280ee246ae642ca3506144f092c3b9b3642294153273e4ced7456952d619f42a1b776468ba19');


--
-- Data for Name: wrapped_keys_14; Type: TABLE DATA; Schema: public; Owner: -
--



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


